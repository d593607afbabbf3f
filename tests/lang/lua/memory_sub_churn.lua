local s = string.rep('x', 1000000)
while true do local t = s:sub(2) end -- error 1302
