policy('x', { [1.5] = 1 }) -- error 1307
