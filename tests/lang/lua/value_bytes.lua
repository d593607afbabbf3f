policy('x', { n = '\xff' }) -- error 1307
