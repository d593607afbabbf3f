string.split('x', '') -- error 1301
