local s = string.rep('x', 10000)
s:replace('x', s) -- error 1303
