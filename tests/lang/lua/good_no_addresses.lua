assert(tostring({}) == "table" and tostring(print) == "nil")
assert(string.format("%s", function() end) == "function")
assert(tostring(u.null) == "null")
