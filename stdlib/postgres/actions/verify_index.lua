local amcheck = require "postgres/amcheck"

return action {
  name = "verify_integrity", engine = "postgres", kind = "index",
  doc = "reads a B-tree, or a GIN index (18), and looks for damage (amcheck); what it finds is recorded",
  parameters = {
    heapallindexed = { type = "bool", default = false, doc = "also look every row of the table up: reads the table, needs memory" },
    unique = { type = "bool", default = false, doc = "also look for equal keys in a unique index (17)" },
    parent = { type = "bool", default = false, doc = "also compare pages with those above them: writers of the table wait; not on a replica" },
    rootdescend = { type = "bool", default = false, doc = "with `parent`: also find each entry anew from the root" },
  },
  reads = {
    "size", "table", "table.size", "am", "is_partitioned", "is_unique", "instance.amcheck_schema", "instance.role",
  },
  needs = { privileges = { "amcheck" }, capabilities = { "amcheck", "ledger" } },
  atomicity = "autocommit",
  on_replica = true,
  risk = function(o, p)
    if p.parent then return "high" end
    return "low"
  end,
  explain = { risk = "low; high with `parent`, which makes writers wait" },
  locks = function(o, p)
    u.known(o, "table")
    local mode = p.parent and "share" or "access share"
    return { { mode = mode, object = { o.schema, o.table } }, p.parent and { mode = mode, object = { o.schema, o.name } } or nil }
  end,
  post = "own",
  undo = { class = "none", why = "it changes nothing but upkeep's own findings" },
  estimate = function(o, p)
    local reads = o.size or 0
    if p.heapallindexed then reads = reads + (o["table.size"] or 0) end
    return { reads_bytes = reads, writes_bytes = 0, disk_peak_bytes = 0, blocking_ms = not p.parent and 0 or nil }
  end,
  probe = function(o, p) return amcheck.probe(o, "index") end,
  plan = function(o, p)
    local check = amcheck.index(o, p)
    return {
      pre = {
        amcheck.usable(o),
        amcheck.present(check),
      },
      run = amcheck.run(o, "index", check),
      post = amcheck.post(o, check),
    }
  end,
}
