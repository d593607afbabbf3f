-- ANALYZE TABLE commits by itself, and says in its rows what went wrong. MariaDB Knowledge Base, "ANALYZE TABLE".
local function analyzed(o)
  return "select cast(unix_timestamp(min(s.last_update)) * 1000000 as signed) as analyzed_at from mysql.innodb_table_stats s"
    .. " where s.database_name = " .. u.literal(o.schema) .. " and (s.table_name = " .. u.literal(o.name)
    .. " or s.table_name like concat(" .. u.literal(o.name) .. ", '#P#%'))"
end
local types = { analyzed_at = "timestamp" }
-- The server keeps whole seconds.
local newer = "analyzed_at > coalesce(before.analyzed_at, 2000-01-01T00:00Z)"

return action {
  name = "refresh_statistics", engine = "mariadb", kind = "table",
  needs = { privileges = { "maintain", "innodb_stats" }, capabilities = { "innodb_stats" } },
  doc = "makes the optimizer's statistics of a table anew (ANALYZE TABLE)",
  reads = { "size", "rows", "storage_engine" },
  atomicity = "autocommit",
  risk = "low",
  locks = function(o, p) return { { mode = "shared read", object = { o.schema, o.name } } } end,
  post = "holds",
  undo = { class = "none", why = "statistics of before cannot be put back; the next analyze replaces them anyway" },
  estimate = function(o, p)
    return { reads_bytes = 4194304, writes_bytes = 8192, disk_peak_bytes = 0, blocking_ms = 0, ms = 100 }
  end,
  probe = function(o, p) return { done = { name = "analysed", sql = analyzed(o), columns = types, expect = newer } } end,
  plan = function(o, p)
    if o.storage_engine ~= "InnoDB" then u.refuse("only of InnoDB tables the server keeps when they were analysed") end
    return {
      pre = { { name = "last analysed", otherwise = "skip", sql = analyzed(o), columns = types, expect = "row_count = 1" } },
      run = { { sql = "analyze no_write_to_binlog table " .. o.sql } },
      post = { { name = "analysed", sql = analyzed(o), columns = types, expect = newer } },
    }
  end,
}
