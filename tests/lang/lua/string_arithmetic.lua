local n = '10' + 1 -- error 1301
