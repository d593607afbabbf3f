local text, pattern = string.rep("a", 60000), string.rep("*a", 499) .. "b"
while true do string.glob(text, pattern) end -- error 1302
