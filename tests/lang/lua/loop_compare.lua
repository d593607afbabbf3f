-- Comparing long texts is one instruction, but no small one.
local a, b = string.rep("x", 1048576), string.rep("x", 1048575) .. "x"
local n = 0
while true do
  if a == b then n = n + 1 end -- error 1302
end
