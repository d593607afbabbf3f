table.unpack({}, 1, 100000000) -- error 1301
