next({}) -- error 1301
