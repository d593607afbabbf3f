local horizon = require "postgres/horizon"
local pace = require "postgres/pace"

local function vacuumed(o)
  return "select (extract(epoch from greatest(pg_stat_get_last_vacuum_time(c.oid),"
    .. " pg_stat_get_last_autovacuum_time(c.oid))) * 1000000)::bigint as vacuumed_at"
    .. " from pg_catalog.pg_class c where c.oid = pg_catalog.to_regclass(" .. u.literal(o.sql) .. ")"
end
local types = { vacuumed_at = "timestamp" }
local newer = "vacuumed_at > coalesce(before.vacuumed_at, 2000-01-01T00:00Z)"

-- Options with the version that has them: { name, version, value for SQL }.
local function options(o, p)
  local all = {
    { "freeze", "13", p.freeze and "on" or nil },
    { "analyze", "13", p.analyze and "on" or nil },
    { "truncate", "13", p.truncate ~= "auto" and p.truncate or nil },
    { "index_cleanup", "13", p.index_cleanup ~= "auto" and p.index_cleanup or nil },
    { "parallel", "13", p.parallel >= 0 and string.format("%d", p.parallel) or nil },
    { "process_toast", "14", not p.process_toast and "off" or nil },
    { "buffer_usage_limit", "16", p.buffer_usage_limit and string.format("'%d kB'", p.buffer_usage_limit // 1024) or nil },
    { "process_main", "16", not p.process_main and "off" or nil },
    { "skip_locked", "13", p.skip_locked and "on" or nil },
    { "disable_page_skipping", "13", p.disable_page_skipping and "on" or nil },
    { "skip_database_stats", "16", p.skip_database_stats and o.engine_version >= u.version("16") and "on" or nil },
  }
  local given = {}
  for _, option in ipairs(all) do
    if option[3] then
      if o.engine_version < u.version(option[2]) then
        error(string.format("vacuum's `%s` needs PostgreSQL %s", option[1], option[2]))
      end
      table.insert(given, option[1] .. " " .. option[3])
    end
  end
  if #given == 0 then return "" end
  return "(" .. table.concat(given, ", ") .. ") "
end

return action {
  name = "vacuum", engine = "postgres", kind = "table",
  needs = { privileges = { "maintain" } },
  doc = "removes dead rows and marks pages as all visible (VACUUM); readers and writers go on",
  parameters = {
    freeze = { type = "bool", default = false, doc = "freeze every row that can be" },
    analyze = { type = "bool", default = false, doc = "collect statistics too" },
    truncate = {
      type = "text", default = "auto", choices = { "auto", "on", "off" },
      doc = "give empty pages at the end back; that takes a short exclusive lock, on replicas too",
    },
    index_cleanup = { type = "text", default = "auto", choices = { "auto", "on", "off" }, doc = "remove dead index entries" },
    parallel = { type = "int", default = -1, min = -1, max = 1024, doc = "workers for indexes; -1: as the server likes" },
    process_toast = { type = "bool", default = true, doc = "vacuum its TOAST table too (14)" },
    process_main = { type = "bool", default = true, doc = "vacuum the table itself, not only its TOAST table (16)" },
    skip_locked = { type = "bool", default = false, doc = "leave it when somebody has locked it: then the step has failed" },
    disable_page_skipping = { type = "bool", default = false, doc = "read every page, whatever the visibility map says" },
    skip_database_stats = { type = "bool", default = true, doc = "leave the database's oldest transaction to be told by another vacuum (16)" },
    buffer_usage_limit = { type = "bytes", min = 131072, doc = "shared buffers it may use (16)" },
    cost_delay_us = {
      type = "int", min = 0, max = 100000, doc = "rest after each round, in microseconds; otherwise as the policy's pace wants it",
    },
  },
  reads = horizon.with { "size", "index_size", "rows", "is_partitioned", "corruption_found", "dead_rows", "vacuum_age" },
  atomicity = "autocommit",
  risk = "low",
  locks = function(o, p) return { { mode = "share update exclusive", object = { o.schema, o.name } } } end,
  post = "improves",
  post_within = "5s",
  conflicts = { "freeze" },
  blocked_by = {
    { when = "corruption_found > 0", why = "damage was found; save what can be saved before anything rewrites it" },
    horizon.useless[1], horizon.useless[2], horizon.useless[3], horizon.useless[4],
  },
  undo = { class = "none", why = "only dead rows are gone" },
  estimate = function(o, p)
    local size = o.size or 0
    local reads, writes = size + (o.index_size or 0), size // 4
    return {
      reads_bytes = reads, writes_bytes = writes, disk_peak_bytes = 0, blocking_ms = 0,
      ms = pace.milliseconds(o, reads, writes, p.cost_delay_us),
    }
  end,
  probe = function(o, p)
    return {
      done = { name = "vacuumed", sql = vacuumed(o), columns = types, expect = newer, within_ms = 5000 },
    }
  end,
  plan = function(o, p)
    if o.is_partitioned then u.refuse("a partitioned table has no rows of its own") end
    local statement = "vacuum " .. options(o, p) .. o.sql
    return {
      pre = {
        { name = "last vacuumed", otherwise = "skip", sql = vacuumed(o), columns = types, expect = "row_count = 1" },
        {
          name = "no vacuum works on it", otherwise = "retry",
          sql = "select count(*) as vacuums from pg_catalog.pg_stat_progress_vacuum where relid ="
            .. " pg_catalog.to_regclass(" .. u.literal(o.sql) .. ")",
          expect = "vacuums = 0",
        },
        horizon.pre(o),
      },
      run = p.analyze and pace.analyzed(o, statement) or { { sql = statement, transaction = false } },
      settings = pace.vacuum(o, p.cost_delay_us), turn = pace.turn(o),
      post = { { name = "vacuumed", sql = vacuumed(o), columns = types, expect = newer, within_ms = 5000 } },
    }
  end,
}
