return action {
  name = "loosen", kind = "index", doc = "leaves room in the index",
  atomicity = "transaction", risk = "low", post = "holds",
  undo = { class = "none", why = "nothing to undo" },
  plan = function(o, p) return { run = { { sql = "loosen " .. o.sql } } } end,
}
