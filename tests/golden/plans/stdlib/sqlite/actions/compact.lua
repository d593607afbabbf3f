return action {
  name = "compact", kind = "table", doc = "writes table and indexes again",
  reads = { "size" },
  subsumes = { "rebuild:children" }, followups = { "refresh" },
  blocked_by = { { when = "pinned", why = "an old snapshot needs the rows" } },
  dangerous = { { min = "3.30", below = "3.31", why = "it lost rows" } },
  atomicity = "transaction", risk = "low", post = "holds",
  locks = function(o, p) return { { mode = "exclusive", object = { o.schema, o.name } } } end,
  undo = { class = "none", why = "the rows are the same" },
  estimate = function(o, p)
    return { reads_bytes = o.size, writes_bytes = o.size, disk_peak_bytes = o.size, blocking_ms = (o.size or 0) // 1000000000 }
  end,
  plan = function(o, p) return { run = { { sql = "compact " .. o.sql } } } end,
}
