return action {
  name = "flood", kind = "table", doc = "writes much",
  reads = { "size" },
  atomicity = "transaction", risk = "low", post = "holds",
  locks = function(o, p) return { { mode = "read", object = { o.schema, o.name } } } end,
  undo = { class = "none", why = "nothing to undo" },
  estimate = function(o, p) return { reads_bytes = o.size, wal_bytes = o.size } end,
  plan = function(o, p) return { run = { { sql = "flood " .. o.sql } } } end,
}
