string.byte(string.rep('x', 1000), 1, -1) -- error 1301
