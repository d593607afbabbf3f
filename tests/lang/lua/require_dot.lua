require './a' -- error 1306
