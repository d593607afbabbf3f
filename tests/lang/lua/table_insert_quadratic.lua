local t = {}
for i = 1, 100000 do table.insert(t, 1, i) end -- error 1302
