local s = string.rep('x', 1000000)
string.format('%s%s', s, s) -- error 1303
