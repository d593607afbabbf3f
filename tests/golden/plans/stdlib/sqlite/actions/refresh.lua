return action {
  name = "refresh", kind = "table", doc = "reads a sample of the rows",
  parameters = { sample = { type = "int", default = 100, min = 1, max = 10000, doc = "rows to look at" } },
  reads = { "size" },
  atomicity = "transaction", risk = "low", post = "holds",
  locks = function(o, p) return { { mode = "read", object = { o.schema, o.name } } } end,
  undo = { class = "none", why = "there is nothing to undo" },
  estimate = function(o, p) return { reads_bytes = o.size } end,
  plan = function(o, p)
    return {
      run = { { sql = "refresh " .. o.sql, params = { p.sample } } },
      post = { { name = "known", sql = "select known", expect = "known" } },
    }
  end,
}
