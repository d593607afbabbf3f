-- A text of some length leaves budget enough for ordinary work.
local text, n = string.rep("x", 16000), 0
for i = 1, 5000000 do n = n + i end
text = string.rep("x", 200000)
for i = 1, 50000 do if text ~= "" then n = n + i end end
policy("p", { ["for"] = "table", ensure = "rows >= 0", why = tostring(n) })
