getmetatable('').__index = nil -- error 1301
