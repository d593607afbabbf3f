local pace = require "postgres/pace"
local saved = require "postgres/saved_statistics"

-- The time of the last analyze is the server's own; it reaches the counters a moment later.
local function analyzed(o)
  return "select (extract(epoch from greatest(pg_stat_get_last_analyze_time(c.oid),"
    .. " pg_stat_get_last_autoanalyze_time(c.oid))) * 1000000)::bigint as analyzed_at"
    .. " from pg_catalog.pg_class c where c.oid = pg_catalog.to_regclass(" .. u.literal(o.sql) .. ")"
end
local types = { analyzed_at = "timestamp" }
local newer = "analyzed_at > coalesce(before.analyzed_at, 2000-01-01T00:00Z)"

return action {
  name = "refresh_statistics", engine = "postgres", kind = "table",
  needs = { privileges = { "maintain" } },
  doc = "collects the planner's statistics of a table (ANALYZE)",
  parameters = {
    columns = { type = "list", doc = "only these columns; otherwise all" },
    skip_locked = { type = "bool", default = false, doc = "leave it when somebody has locked it: then the step has failed" },
    save = {
      type = "bool", default = false,
      doc = "keep the statistics of before beside the ledger, so that undoing puts them back (18 and later); extended ones are not kept",
    },
    only = { type = "bool", default = false, doc = "of a partitioned table, not its partitions (18 and later)" },
  },
  reads = { "size", "rows", "is_partitioned" },
  atomicity = "autocommit",
  risk = "low",
  locks = function(o, p) return { { mode = "share update exclusive", object = { o.schema, o.name } } } end,
  post = "holds",
  post_within = "5s",
  explain = { undo = "none; restore with `save`: they hold until the next analyze" },
  undo = function(o, p)
    if not p.save then
      return { class = "none", why = "statistics of before cannot be put back; the next analyze replaces them anyway" }
    end
    return { class = "restore", why = "they are put back, and hold until the next analyze", steps = saved.restore(o) }
  end,
  estimate = function(o, p)
    -- 300 rows for each unit of the statistics target: 30,000 pages at most.
    local reads = o.size or 245760000
    if reads > 245760000 then reads = 245760000 end
    return {
      reads_bytes = reads, writes_bytes = 8192, disk_peak_bytes = 0, blocking_ms = 0,
      ms = pace.milliseconds(o, reads, 0),
    }
  end,
  probe = function(o, p)
    return { done = { name = "analysed", sql = analyzed(o), columns = types, expect = newer, within_ms = 5000 } }
  end,
  plan = function(o, p)
    if o.is_partitioned and o.engine_version < u.version("14") then
      u.refuse("PostgreSQL 13 does not tell when a partitioned table was analysed")
    end
    local columns = ""
    if p.columns and #p.columns > 0 then
      local quoted = {}
      for _, column in ipairs(p.columns) do table.insert(quoted, u.ident(column)) end
      columns = " (" .. table.concat(quoted, ", ") .. ")"
    end
    local only = ""
    if p.only then
      if o.engine_version < u.version("18") then error("`only` needs PostgreSQL 18") end
      only = "only "
    end
    if p.save and o.engine_version < u.version("18") then error("`save` needs PostgreSQL 18") end
    local run = pace.analyzed(o, "analyze " .. (p.skip_locked and "(skip_locked) " or "") .. only .. o.sql .. columns)
    if p.save then table.insert(run, 1, saved.keep(o)) end
    return {
      pre = {
        { name = "last analysed", otherwise = "skip", sql = analyzed(o), columns = types, expect = "row_count = 1" },
        {
          -- An analyze that waits for an autovacuum cancels it after deadlock_timeout.
          name = "no vacuum works on it", otherwise = "retry",
          sql = "select count(*) as vacuums from pg_catalog.pg_stat_progress_vacuum where relid ="
            .. " pg_catalog.to_regclass(" .. u.literal(o.sql) .. ")",
          expect = "vacuums = 0",
        },
      },
      run = run,
      settings = pace.vacuum(o), turn = pace.turn(o),
      post = { { name = "analysed", sql = analyzed(o), columns = types, expect = newer, within_ms = 5000 } },
    }
  end,
}
