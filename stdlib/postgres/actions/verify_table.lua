-- Damage found is a successful step: it is written down, and corruption_found then says it.
local recorded = {
  name = "the finding is recorded",
  sql = "select count(*) as found from upkeep.finding where run = $1 and step = $2",
  params = { { from = "step.run" }, { from = "step.id" } },
  expect = "found >= 1",
}

return action {
  name = "verify_integrity", engine = "postgres", kind = "table",
  doc = "reads a table and looks for damage (amcheck's verify_heapam); what it finds is recorded",
  parameters = {
    toast = { type = "bool", default = true, doc = "look values up in the TOAST table too" },
  },
  reads = { "size", "toast_size", "is_partitioned", "instance.amcheck_schema" },
  needs = { version = "14", capabilities = { "amcheck", "ledger" } },
  atomicity = "autocommit",
  risk = "low",
  locks = function(o, p) return { { mode = "access share", object = { o.schema, o.name } } } end,
  post = "own",
  undo = { class = "none", why = "it changes nothing but upkeep's own findings" },
  estimate = function(o, p)
    return { reads_bytes = (o.size or 0) + (o.toast_size or 0), writes_bytes = 0, disk_peak_bytes = 0, blocking_ms = 0 }
  end,
  probe = function(o, p) return { done = recorded } end,
  plan = function(o, p)
    if o.is_partitioned then u.refuse("a partitioned table has no rows of its own") end
    u.known(o, "instance.amcheck_schema")
    return {
      pre = {
        {
          name = "the table is there", otherwise = "skip",
          sql = "select pg_catalog.to_regclass(" .. u.literal(o.sql) .. ") is not null as found",
          expect = "found",
        },
      },
      run = {
        {
          -- The first hundred faults are enough to act on.
          sql = "select count(*) as damage, string_agg(format('block %s, offset %s: %s', blkno, offnum, msg), e'\\n') as detail"
            .. " from (select blkno, offnum, msg from " .. u.ident(o["instance.amcheck_schema"], "verify_heapam")
            .. "(" .. u.literal(o.sql) .. "::regclass, false, " .. tostring(p.toast) .. ") limit 100) f",
          returns = "checked", catch = { "XX000", "XX001", "XX002" }, transaction = false,
        },
        {
          sql = sql_file "record_finding.sql",
          params = {
            { from = "step.run" }, { from = "step.id" }, "table", o.schema, o.name, "verify_heapam",
            { from = "checked.damage" }, { from = "checked.detail" }, { from = "checked.error" },
            { from = "step.started_at" },
          },
        },
      },
      post = { recorded },
    }
  end,
}
