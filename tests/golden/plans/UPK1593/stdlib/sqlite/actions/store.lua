return action {
  name = "store", kind = "table", doc = "writes its rows to a file",
  parameters = { folder = { type = "text", required = true, doc = "where to" } },
  atomicity = "transaction", risk = "low", post = "holds",
  locks = function(o, p) return { { mode = "read", object = { o.schema, o.name } } } end,
  undo = { class = "none", why = "there is nothing to undo" },
  plan = function(o, p)
    return {
      run = { { batch = { run = { { sql = "read " .. o.sql, file = { write = p.folder, with = { "a" } }, returns = "file" } }, count = "file.rows" } } },
      post = { { name = "known", sql = "select known", expect = "known" } },
    }
  end,
}
