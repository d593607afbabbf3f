rawset(_G, 'x', 1) -- error 1301
