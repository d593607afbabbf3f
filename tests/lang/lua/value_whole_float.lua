policy('x', { n = 2.0 }) -- error 1307
