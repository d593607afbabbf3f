local function state(o)
  return "select count(*) as kept from upkeep.saved s join pg_catalog.pg_class c on c.oid = (s.content::jsonb ->> 'oid')::oid"
    .. " where s.kind = 'partition' and s.what = 'quarantine' and s.schema_name = " .. u.literal(o.schema) .. " and s.name = "
    .. u.literal(o.name) .. " and c.oid = pg_catalog.to_regclass(" .. u.literal(o.sql) .. ") and not c.relispartition"
end

return action {
  name = "drop_quarantined", engine = "postgres", kind = "table",
  doc = "drops a table that expire_partitions has taken out of its set",
  reads = { "quarantined_for", "quarantined_from", "size", "corruption_found" },
  needs = { privileges = { "owner" }, capabilities = { "ledger" } },
  atomicity = "transaction",
  risk = "high",
  destructive = true,
  locks = function(o, p) return { { mode = "access exclusive", object = { o.schema, o.name } } } end,
  post = "own",
  subsumes = { "vacuum", "freeze", "refresh_statistics", "compact_table", "verify_integrity" },
  undo = { class = "none", why = "its rows are gone" },
  estimate = { reads_bytes = 0, writes_bytes = 8192, disk_peak_bytes = 0, blocking_ms = 0, ms = 100 },
  plan = function(o, p)
    if not o.quarantined_for or o.quarantined_for == 0 then u.refuse("it is not in quarantine") end
    return {
      pre = { { name = "it is in quarantine", otherwise = "fail", sql = state(o), expect = "kept > 0" } },
      run = {
        {
          sql = "delete from upkeep.saved where kind = 'partition' and what = 'quarantine' and (content::jsonb ->> 'oid')::oid ="
            .. " pg_catalog.to_regclass(" .. u.literal(o.sql) .. ")",
        },
        { sql = "drop table " .. o.sql },
      },
      post = {
        {
          name = "it is gone", sql = "select pg_catalog.to_regclass(" .. u.literal(o.sql) .. ") is null as gone", expect = "gone",
        },
      },
    }
  end,
}
