local t = {}
while true do t = { t, {}, {} } end -- error 1303
