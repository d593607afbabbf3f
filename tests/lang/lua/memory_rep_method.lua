local s = ('x'):rep(10000000000) -- error 1303
