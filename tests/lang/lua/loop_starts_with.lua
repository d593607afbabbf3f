local a, b = string.rep("a", 1000000), string.rep("a", 1000000)
while true do string.starts_with(a, b) end -- error 1302
