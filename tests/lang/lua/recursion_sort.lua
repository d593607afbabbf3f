local function f() table.sort({ 2, 1 }, function() f() end) end -- error 1308
f()
