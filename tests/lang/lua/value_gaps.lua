policy('x', { list = { 1, nil, 3, [9] = 1 } }) -- error 1307
