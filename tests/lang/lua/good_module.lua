local m = require "tiers"
assert(m.gold == 20 and require("tiers") == m)
