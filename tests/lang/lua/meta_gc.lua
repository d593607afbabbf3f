setmetatable({}, { __gc = function() while true do end end }) -- error 1301
