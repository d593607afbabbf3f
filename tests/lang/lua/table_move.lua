table.move({}, 1, 1000000000, 2) -- error 1301
