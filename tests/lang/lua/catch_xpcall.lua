xpcall(error, print) -- error 1301
