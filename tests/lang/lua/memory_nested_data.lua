local t = { 1 }
for i = 1, 28 do t = { t, t } end
policy('x', { a = t }) -- error 1307
