u.ident('') -- error 1301
