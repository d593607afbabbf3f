local horizon = require "postgres/horizon"
local pace = require "postgres/pace"

-- Ages are read from the catalogue: they change with the vacuum itself, not with the counters.
local function ages(o)
  return "select greatest(age(c.relfrozenxid), age(t.relfrozenxid))::bigint as frozen_age,"
    .. " greatest(mxid_age(c.relminmxid), mxid_age(t.relminmxid))::bigint as frozen_mxid_age"
    .. " from pg_catalog.pg_class c left join pg_catalog.pg_class t on t.oid = c.reltoastrelid"
    .. " where c.oid = pg_catalog.to_regclass(" .. u.literal(o.sql) .. ")"
end
local younger = "frozen_age < before.frozen_age or frozen_mxid_age < before.frozen_mxid_age"
  .. " or (frozen_age <= 1_000 and frozen_mxid_age <= 1_000)"

return action {
  name = "freeze", engine = "postgres", kind = "table",
  needs = { privileges = { "maintain" } },
  doc = "freezes a table's rows so that transaction ids can be used again (VACUUM FREEZE)",
  parameters = {
    emergency = {
      type = "bool", default = false,
      doc = "the fastest form, for the last reserves: no freezing of young rows, no index cleanup, no truncation, no rests",
    },
  },
  reads = horizon.with { "size", "index_size", "is_partitioned", "corruption_found" },
  atomicity = "autocommit",
  risk = function(o, p)
    if p.emergency then return "medium" end
    return "low"
  end,
  explain = { risk = "low; medium with `emergency`" },
  locks = function(o, p) return { { mode = "share update exclusive", object = { o.schema, o.name } } } end,
  post = "improves",
  subsumes = { "vacuum" },
  blocked_by = {
    { when = "corruption_found > 0", why = "damage was found; save what can be saved before anything rewrites it" },
    horizon.blocks(horizon.older, "an old snapshot holds every row that could be frozen"),
    horizon.catalogues("a logical slot holds every row of the catalogue that could be frozen"),
  },
  undo = { class = "none", why = "frozen rows read the same" },
  estimate = function(o, p)
    local size = o.size or 0
    local reads = size + (o.index_size or 0)
    return {
      reads_bytes = reads, writes_bytes = size, disk_peak_bytes = 0, blocking_ms = 0,
      ms = not p.emergency and pace.milliseconds(o, reads, size) or nil,
    }
  end,
  probe = function(o, p)
    return { done = { name = "younger than before", sql = ages(o), expect = younger } }
  end,
  plan = function(o, p)
    if o.is_partitioned then u.refuse("a partitioned table has no rows of its own") end
    local form = "freeze, truncate off"
    if p.emergency then form = "index_cleanup off, truncate off" end
    return {
      pre = { { name = "age before", otherwise = "skip", sql = ages(o), expect = "row_count = 1" }, horizon.pre(o) },
      run = { { sql = "vacuum (" .. form .. ") " .. o.sql, transaction = false } },
      -- Every page that may hold an old row is read, however young the table; without FREEZE young rows are left as they are.
      settings = p.emergency and { vacuum_freeze_table_age = "0", vacuum_multixact_freeze_table_age = "0" } or pace.vacuum(o), turn = not p.emergency and pace.turn(o) or nil,
      post = { { name = "younger than before", sql = ages(o), expect = younger } },
    }
  end,
}
