policy('x', { n = 0 / 0 }) -- error 1307
