string.format("%\0", 1) -- error 1301
