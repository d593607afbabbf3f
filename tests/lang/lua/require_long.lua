require(string.rep('a', 300)) -- error 1306
