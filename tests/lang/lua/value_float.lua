policy('x', { limits = { n = 1 / 2 } }) -- error 1307
