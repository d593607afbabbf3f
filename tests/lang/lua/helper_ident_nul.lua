u.ident('a\0b') -- error 1301
