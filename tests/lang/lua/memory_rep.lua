string.rep('x', 1000000000) -- error 1303
