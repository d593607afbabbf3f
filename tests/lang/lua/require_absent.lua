require 'nothing/here' -- error 1306
