local n = 0
repeat n = n + 1 until false -- error 1302
