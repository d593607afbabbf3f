local after = pairs({ a = 1 }) after(5) -- error 1301
