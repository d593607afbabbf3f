u.duration(-1) -- error 1301
