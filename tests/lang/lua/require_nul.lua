require 'a\0b' -- error 1306
