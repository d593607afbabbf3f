require 'a\\b' -- error 1306
