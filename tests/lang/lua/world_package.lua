package.loadlib('x', 'y') -- error 1301
