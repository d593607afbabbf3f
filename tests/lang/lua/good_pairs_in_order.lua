local t, seen = { b = 1, a = 2, [2] = "y", [1] = "x", B = 3, [-5] = "z" }, {}
for k, v in pairs(t) do seen[#seen + 1] = tostring(k) .. "=" .. tostring(v) end
assert(table.concat(seen, " ") == "-5=z 1=x 2=y B=3 a=2 b=1", table.concat(seen, " "))
for k in pairs(t) do t[k] = nil end
for _ in pairs(t) do error("it was emptied") end
