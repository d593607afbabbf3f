policy("a", {
  ["for"] = "table",
  where = function(t) return t.name == "events" end,
  ensure = "stale <= 20%",
  by = "refresh",
})
