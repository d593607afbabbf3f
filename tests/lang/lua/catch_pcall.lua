while true do pcall(error) end -- error 1301
