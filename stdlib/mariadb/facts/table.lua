-- Base tables of the database that the target names.
return {
  kind {
    name = "table",
    doc = "a table",
    keys = { "schema", "name" },
    parents = { instance = {} },
  },

  collector {
    name = "table", kind = "table", cost = "cheap",
    attributes = {
      { "schema", "text", "its database" },
      { "name", "text", "its name" },
      { "storage_engine", "text", "InnoDB, Aria, MyISAM ..." },
      { "rows", "int", "rows, as the storage engine estimates them" },
      { "size", "bytes", "its data" },
      { "index_size", "bytes", "its secondary indexes" },
      { "free_size", "bytes", "allocated and not used" },
    },
    filter = "and t.table_schema = ?1 and t.table_name = ?2",
    filter_keys = { "schema", "name" },
    variants = { { sql = sql_file "table.sql" } },
  },

  collector {
    name = "table_statistics", kind = "table", cost = "cheap",
    attributes = {
      { "schema", "text", "its database" },
      { "name", "text", "its name" },
      { "stats_age", "duration", "since InnoDB's statistics of it were last made", reason = true },
    },
    filter = "and t.table_schema = ?1 and t.table_name = ?2",
    filter_keys = { "schema", "name" },
    variants = { { needs = { "innodb_stats" }, sql = sql_file "table_statistics.sql" } },
    unavailable = "needs select on mysql.innodb_table_stats",
  },
}
