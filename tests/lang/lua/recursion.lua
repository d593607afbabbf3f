local function f() return 1 + f() end -- error 1308
f()
