local function f() return f() end f() -- error 1302
