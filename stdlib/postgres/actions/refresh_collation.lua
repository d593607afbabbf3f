-- Manual: ALTER COLLATION, "Notes"; ALTER DATABASE ... REFRESH COLLATION VERSION.
local collations = require "postgres/collations"
local parts = require "postgres/parts"

return action {
  name = "refresh_collation", engine = "postgres", kind = "database",
  needs = { privileges = { "owner" }, capabilities = { "ledger" } },
  doc = "records the versions of the collations as the library has them now, once every index that they sort was rebuilt",
  parameters = {},
  reads = { "is_current", "collation_drift", "drifted_collations", "owns_collations", "stale_indexes", "stale_partitioned_tables" },
  atomicity = "transaction",
  risk = "medium",
  locks = {},
  post = "not_broken",
  blocked_by = {
    { when = "stale_indexes > 0", why = "indexes stand as the old library sorted them: rebuild_index where `collation_drift` comes first" },
    {
      when = "stale_partitioned_tables > 0",
      why = "tables partitioned by ranges of texts hold rows where the old library put them: look at those by hand",
    },
    { when = "not owns_collations", why = "only the owners of the database and of its collations may record their versions" },
  },
  undo = { class = "none", why = "the version that was recorded is no longer there to compare with" },
  estimate = function(o, p) return { reads_bytes = 0, writes_bytes = 8192, wal_bytes = 8192, disk_peak_bytes = 0 } end,
  plan = function(o, p)
    u.known(o, "drifted_collations")
    if not o.is_current then u.refuse("it is another database: make it a target") end
    local run = { { sql = "reindex index upkeep.finding_object" } } -- the only one of the ledger's that sorts texts
    for _, name in ipairs(parts.names(o.drifted_collations)) do
      local sql = "alter collation " .. name .. " refresh version"
      if name == "(database)" then sql = "alter database " .. u.ident(o.name) .. " refresh collation version" end
      table.insert(run, { sql = sql })
    end
    return {
      pre = { { name = "no index is left as it was", otherwise = "fail", sql = collations.left(o.engine_version), expect = "stale = 0" } },
      run = run,
      post = {},
    }
  end,
}
