string.format('%5.2f', 1.5) -- error 1301
