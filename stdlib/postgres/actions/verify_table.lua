local amcheck = require "postgres/amcheck"

return action {
  name = "verify_integrity", engine = "postgres", kind = "table",
  doc = "reads a table and looks for damage (amcheck's verify_heapam); what it finds is recorded",
  parameters = {
    toast = { type = "bool", default = true, doc = "look values up in the TOAST table too" },
    skip = {
      type = "text", default = "none", choices = { "none", "all-frozen", "all-visible" },
      doc = "pages that the visibility map says this of are left out",
    },
  },
  reads = { "size", "toast_size", "is_partitioned", "instance.amcheck_schema", "instance.role" },
  needs = { privileges = { "amcheck" }, version = "14", capabilities = { "amcheck", "ledger" } },
  atomicity = "autocommit",
  on_replica = true,
  risk = "low",
  locks = function(o, p) return { { mode = "access share", object = { o.schema, o.name } } } end,
  post = "own",
  undo = { class = "none", why = "it changes nothing but upkeep's own findings" },
  estimate = function(o, p)
    return { reads_bytes = (o.size or 0) + (o.toast_size or 0), writes_bytes = 0, disk_peak_bytes = 0, blocking_ms = 0 }
  end,
  probe = function(o, p) return amcheck.probe(o, "table") end,
  plan = function(o, p)
    if o.is_partitioned then u.refuse("a partitioned table has no rows of its own") end
    local check = amcheck.table(o, p)
    return {
      pre = {
        {
          name = "the table is there", otherwise = "skip",
          sql = "select pg_catalog.to_regclass(" .. u.literal(o.sql) .. ") is not null as found",
          expect = "found",
        },
      },
      run = amcheck.run(o, "table", check),
      post = amcheck.post(o, check),
    }
  end,
}
