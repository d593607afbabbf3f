string.glob(string.rep('x', 70000), '*') -- error 1301
