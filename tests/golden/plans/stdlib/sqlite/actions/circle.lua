return action {
  name = "circle", kind = "table", doc = "comes after what it comes before", before = { "refresh" }, after = { "refresh" },
  atomicity = "transaction", risk = "low", post = "holds",
  undo = { class = "none", why = "nothing to undo" },
  plan = function(o, p) return { run = { { sql = "circle " .. o.sql } } } end,
}
