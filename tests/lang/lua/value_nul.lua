policy('x', { n = 'a\0b' }) -- error 1307
