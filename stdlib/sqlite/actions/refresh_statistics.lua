-- ANALYZE is transactional in SQLite. With a limit it looks at so many rows of each index and takes the number of rows
-- from one path through the tree, which can be far off: the counted number is put in its place.
local counted = "update main.sqlite_stat1 set stat = (select count(*) from main.%s)"
  .. " || substr(stat, instr(stat || ' ', ' '))"
  .. " where tbl = %s and (idx is null or idx not in"
  .. " (select name from pragma_index_list(%s) where partial = 1))"

return action {
  name = "refresh_statistics", engine = "sqlite", kind = "table",
  doc = "collects the planner's statistics of a table and its indexes (ANALYZE)",
  parameters = {
    analysis_limit = {
      type = "int", default = 1000, min = 0,
      doc = "rows of each index to look at in tables of over 100,000 rows; 0: all",
    },
  },
  reads = { "rows", "database.corruption_found" },
  needs = { privileges = { "write" }, version = "3.38", capabilities = { "ledger" } },
  atomicity = "transaction",
  risk = "low",
  locks = function(o, p) return { { mode = "write", object = { "main" } } } end,
  post = "holds",
  estimate = function(o, p)
    local rows = o.rows or 0
    if p.analysis_limit > 0 and rows > 100000 then rows = 100000 end
    local ms = rows * 50 // 80000 + 1
    return { reads_bytes = rows * 50, writes_bytes = 4096, disk_peak_bytes = 0, ms = ms, blocking_ms = ms }
  end,
  blocked_by = {
    { when = "database.corruption_found > 0", why = "damage was found; save what can be saved before anything rewrites it" },
  },
  explain = { undo = "restore: the statistics as they were stand in upkeep_saved" },
  undo = function(o, p)
    local mine = " where run = ?1 and step = ?2 and what = 'sqlite_stat1'"
    local params = { { from = "step.run" }, { from = "step.id" } }
    return {
      class = "restore",
      why = "the statistics as they were stand in upkeep_saved",
      steps = {
        { sql = "delete from main.sqlite_stat1 where tbl = " .. u.literal(o.name) },
        {
          sql = "insert into main.sqlite_stat1 (tbl, idx, stat) select " .. u.literal(o.name)
            .. ", j.value ->> 0, j.value ->> 1 from upkeep_saved s, json_each(s.content) j"
            .. mine .. " and j.type = 'array'",
          params = params,
        },
        { sql = "analyze main.sqlite_schema" },
      },
    }
  end,
  plan = function(o, p)
    local limit = p.analysis_limit
    if (o.rows or 0) <= 100000 then limit = 0 end
    local run = {
      {
        sql = sql_file "save_statistics.sql",
        params = { { from = "step.run" }, { from = "step.id" }, o.name },
      },
      { sql = string.format("pragma analysis_limit = %d", limit) },
      { sql = "analyze main." .. o.sql },
    }
    if limit > 0 then
      local name = u.literal(o.name)
      table.insert(run, { sql = string.format(counted, o.sql, name, name) })
      table.insert(run, { sql = "analyze main.sqlite_schema" })
    end
    return { pre = {}, run = run, post = {} }
  end,
}
