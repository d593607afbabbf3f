require '' -- error 1306
