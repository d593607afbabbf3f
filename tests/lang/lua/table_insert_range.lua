table.insert({}, 1000000000, 1) -- error 1301
