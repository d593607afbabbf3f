load('return 1')() -- error 1301
