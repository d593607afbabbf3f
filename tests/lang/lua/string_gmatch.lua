for w in string.gmatch('a b', '%a') do end -- error 1301
