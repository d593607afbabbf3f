return action {
  name = "wait", kind = "table", doc = "waits for its readers", on_replica = true,
  atomicity = "transaction", risk = "high", post = "holds",
  locks = function(o, p) return { { mode = "write", object = { o.schema, o.name } } } end,
  timeouts = { lock = false },
  undo = { class = "none", why = "nothing to undo" },
  plan = function(o, p) return { run = { { sql = "wait " .. o.sql } } } end,
}
