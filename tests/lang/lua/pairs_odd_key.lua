for k in pairs({ [true] = 1 }) do end -- error 1301
