local text = string.rep("a", 1000000)
while true do string.contains(text, "aab") end -- error 1302
