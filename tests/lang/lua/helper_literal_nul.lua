u.literal('a\0b') -- error 1301
