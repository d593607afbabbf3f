string.dump(function() end) -- error 1301
