return action {
  name = "create_ledger", kind = "database", doc = "makes the ledger",
  atomicity = "transaction", risk = "low", post = "own",
  undo = { class = "inverse", why = "it is dropped", steps = { { sql = "drop ledger" } } },
  plan = function(o, p)
    return { run = { { sql = "create ledger" } }, post = { { name = "there", sql = "select true as there", expect = "there" } } }
  end,
}
