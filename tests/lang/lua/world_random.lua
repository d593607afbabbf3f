math.random() -- error 1301
