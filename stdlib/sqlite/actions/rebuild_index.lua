return action {
  name = "rebuild_index", engine = "sqlite", kind = "index",
  doc = "writes an index anew from its table (REINDEX), then compares the two; writers wait",
  reads = { "table" },
  needs = { privileges = { "write" }, capabilities = { "ledger" } },
  atomicity = "transaction",
  risk = "medium",
  locks = function(o, p) return { { mode = "write", object = { "main" } } } end,
  post = "holds",
  undo = { class = "none", why = "a rebuilt index holds the same entries" },
  plan = function(o, p)
    u.known(o, "table")
    return {
      pre = {
        {
          name = "the index is there", otherwise = "skip",
          sql = "select count(*) as found from sqlite_schema where type = 'index' and name = " .. u.literal(o.name),
          expect = "found = 1",
        },
      },
      run = {
        { sql = "reindex main." .. o.sql },
        { sql = "select count(*) as damage from pragma_integrity_check(" .. u.literal(o.table) .. ")"
            .. " where integrity_check <> 'ok'", returns = "checked" },
        {
          sql = sql_file "record_finding.sql",
          params = {
            { from = "step.run" }, { from = "step.id" }, "index", o.name, "reindex",
            { from = "checked.damage" }, "", { from = "step.started_at" },
          },
        },
      },
      post = {
        {
          name = "index and table agree",
          sql = "select count(*) as damage from pragma_integrity_check(" .. u.literal(o.table) .. ")"
            .. " where integrity_check <> 'ok'",
          expect = "damage = 0",
        },
      },
    }
  end,
}
