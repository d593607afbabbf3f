print('x') -- error 1301
