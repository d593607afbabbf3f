policy('x', { n = 1 / 0 }) -- error 1307
