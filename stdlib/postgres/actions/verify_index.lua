-- Damage found is a successful step: it is written down, and corruption_found then says it.
local recorded = {
  name = "the finding is recorded",
  sql = "select count(*) as found from upkeep.finding where run = $1 and step = $2",
  params = { { from = "step.run" }, { from = "step.id" } },
  expect = "found >= 1",
}

return action {
  name = "verify_integrity", engine = "postgres", kind = "index",
  doc = "reads a B-tree and looks for damage (amcheck's bt_index_check); what it finds is recorded",
  parameters = {
    heapallindexed = { type = "bool", default = false, doc = "also look every row of the table up: reads the table, needs memory" },
  },
  reads = { "size", "table", "table.size", "am", "is_partitioned", "instance.amcheck_schema" },
  needs = { capabilities = { "amcheck", "ledger" } },
  atomicity = "autocommit",
  risk = "low",
  locks = function(o, p)
    u.known(o, "table")
    return { { mode = "access share", object = { o.schema, o.table } } }
  end,
  post = "own",
  undo = { class = "none", why = "it changes nothing but upkeep's own findings" },
  estimate = function(o, p)
    local reads = o.size or 0
    if p.heapallindexed then reads = reads + (o["table.size"] or 0) end
    return { reads_bytes = reads, writes_bytes = 0, disk_peak_bytes = 0, blocking_ms = 0 }
  end,
  probe = function(o, p) return { done = recorded } end,
  plan = function(o, p)
    if o.am ~= "btree" or o.is_partitioned then
      u.refuse("only B-trees that hold entries can be checked")
    end
    u.known(o, "instance.amcheck_schema")
    return {
      pre = {
        {
          name = "the index is there and valid", otherwise = "skip",
          sql = "select indisvalid as usable from pg_catalog.pg_index where indexrelid = pg_catalog.to_regclass("
            .. u.literal(o.sql) .. ")",
          expect = "usable",
        },
      },
      run = {
        {
          sql = "select " .. u.ident(o["instance.amcheck_schema"], "bt_index_check") .. "(" .. u.literal(o.sql)
            .. "::regclass, " .. tostring(p.heapallindexed) .. ")::text as answer",
          returns = "checked", catch = { "XX000", "XX001", "XX002" }, transaction = false,
        },
        {
          sql = sql_file "record_error.sql",
          params = {
            { from = "step.run" }, { from = "step.id" }, "index", o.schema, o.name, "bt_index_check",
            { from = "checked.error" }, { from = "step.started_at" },
          },
        },
      },
      post = { recorded },
    }
  end,
}
