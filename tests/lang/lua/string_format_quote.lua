string.format('%q', 'x') -- error 1301
