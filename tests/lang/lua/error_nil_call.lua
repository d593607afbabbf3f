local t = {}
t.x() -- error 1301
