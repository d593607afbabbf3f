local a, b = string.rep("x", 1048576), string.rep("x", 1048575) .. "y"
local t = {}
while true do if a > b or t[a] then error("no") end end -- error 1302
