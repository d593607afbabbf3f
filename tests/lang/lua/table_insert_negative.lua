table.insert({}, -1, 1) -- error 1301
