for i = 1, math.maxinteger do end -- error 1302
