string.format('%1000d', 1) -- error 1301
