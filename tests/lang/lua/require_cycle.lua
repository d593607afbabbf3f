require 'loop' -- error 1306 here or in it
