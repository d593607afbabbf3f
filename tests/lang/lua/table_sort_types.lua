table.sort({ 1, 'a' }) -- error 1301
