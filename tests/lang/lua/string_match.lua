local s = ('a'):match('a*') -- error 1301
