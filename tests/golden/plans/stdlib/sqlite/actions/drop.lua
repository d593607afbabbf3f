return action {
  name = "drop", kind = "index", doc = "drops the index", destructive = true,
  atomicity = "transaction", risk = "medium", post = "own",
  locks = function(o, p) return { { mode = "write", object = { o.schema, o.name } } } end,
  undo = { class = "restore", why = "it is built from its definition", steps = { { sql = "create it" } } },
  plan = function(o, p)
    return {
      run = { { sql = "drop " .. o.sql } },
      post = { { name = "gone", sql = "select gone", expect = "gone" } },
    }
  end,
}
