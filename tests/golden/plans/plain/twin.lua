local u = require "upkeep"
policy("fresh", {
  why = "the planner needs to know",
  ["for"] = "table",
  ensure = "stale <= 0.2",
  by = u.refresh {},
  after = { "lean" },
})
policy("lean", {
  ["for"] = "index",
  where = "size >= 64MiB",
  ensure = "bloat<=30%",
  by = "rebuild",
  priority = 80,
  window = "nightly",
})
policy("small", { ["for"] = "table", ensure = "size <= 3GB", severity = "info" })
