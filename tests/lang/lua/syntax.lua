local = 1 -- error 1300
