while true do end -- error 1302
