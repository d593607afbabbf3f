return action {
  name = "astray", kind = "table", doc = "is followed by what indexes alone have", followups = { "rebuild" },
  atomicity = "transaction", risk = "low", post = "holds",
  undo = { class = "none", why = "nothing to undo" },
  plan = function(o, p) return { run = { { sql = "go " .. o.sql } } } end,
}
