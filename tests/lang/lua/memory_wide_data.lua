local t = {}
for i = 1, 300000 do t[i] = 1 end
policy('x', { a = t }) -- error 1307
