local t = {}
t.t = t
policy('x', t) -- error 1307
