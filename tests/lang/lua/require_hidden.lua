require 'a/.git/config' -- error 1306
