require 'a/../../secret' -- error 1306
