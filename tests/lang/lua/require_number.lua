require(1) -- error 1306
