local text, list = string.rep("x", 1000000), {}
for i = 1, 1000 do list[i] = text end
policy("p", { with = list }) -- error 1302
