string.gsub('aaa', 'a', function() end) -- error 1301
