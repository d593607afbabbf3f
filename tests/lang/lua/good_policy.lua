for _, tier in ipairs { "gold", "silver" } do
  policy("lean-" .. tier, {
    targets = { tier = tier },
    ensure = function(o) return o.size > 0 end,
    after = {},
  })
end
policy { name = "third" }
