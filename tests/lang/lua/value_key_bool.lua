policy('x', { [true] = 1 }) -- error 1307
