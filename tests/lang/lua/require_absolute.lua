require '/etc/passwd' -- error 1306
