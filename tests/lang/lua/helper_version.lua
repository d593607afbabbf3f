u.version('x') -- error 1301
