require '../secret' -- error 1306
