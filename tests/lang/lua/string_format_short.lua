string.format('%s') -- error 1301
