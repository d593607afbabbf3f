-- Statements of the current database, as pg_stat_statements counts them; nothing, and said so, where that is not there.
return {
  kind {
    name = "statement",
    doc = "a statement, its literals taken out, as pg_stat_statements counts it",
    keys = { "name" },
    parents = { database = { "database" }, instance = {} },
  },

  collector {
    name = "statement", kind = "statement", cost = "cheap",
    attributes = {
      { "name", "text", "its number (queryid)" },
      { "database", "text", "the current database" },
      { "text", "text", "its first 500 characters" },
      { "calls", "int", "how often it ran, since the counters began", counter = "total" },
      { "total_time", "duration", "that it took in all", counter = "total" },
      { "mean_time", "duration", "that it takes on average", reason = true, counter = "level" },
      { "max_time", "duration", "that it took at most", counter = "level" },
      { "p95_time", "duration", "that it takes in 95 of 100 cases", reason = true },
      { "share_of_time", "ratio", "its share of the time of all statements of the instance", reason = true, counter = "level" },
      { "rows", "int", "rows that it gave back or changed", counter = "total" },
      { "cache_hit_ratio", "ratio", "blocks it found in shared buffers", reason = true, counter = "level" },
      { "temp_size", "bytes", "written to temporary files", counter = "total" },
      { "wal_size", "bytes", "WAL that it wrote", counter = "total" },
    },
    filter = "and s.name = $1",
    filter_keys = { "name" },
    variants = { { needs = { "statements" }, sql = sql_file "statement.sql" } },
    unavailable = "needs the extension pg_stat_statements (1.8) in this database, loaded by shared_preload_libraries, and the right to read its view",
  },
}
