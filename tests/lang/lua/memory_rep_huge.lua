string.rep('x', math.maxinteger) -- error 1303
