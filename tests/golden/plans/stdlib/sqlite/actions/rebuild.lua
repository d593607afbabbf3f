return action {
  name = "rebuild", kind = "index", doc = "writes the index again",
  reads = { "size", "table" },
  before = { "refresh:parent" }, conflicts = { "drop" }, fights = { "loosen" },
  atomicity = "autocommit", risk = "medium", post = "holds",
  locks = function(o, p) return { { mode = "write", object = { o.schema, o.table } } } end,
  undo = { class = "inverse", why = "it is built again", steps = { { sql = "rebuild " .. "again" } } },
  estimate = function(o, p) return { reads_bytes = o.size, writes_bytes = o.size, disk_peak_bytes = o.size } end,
  probe = { done = { name = "done", sql = "select done", expect = "done" } },
  plan = function(o, p) return { run = { { sql = "rebuild " .. o.sql } } } end,
}
