string.rep('', 1 << 40, 'x') -- error 1303
