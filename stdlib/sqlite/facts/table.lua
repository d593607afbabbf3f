-- The pragma is told which table: else it makes the rows of all of them.
local one_table = "and l.name = ?1 and l.arg = ?1"

return {
  kind {
    name = "table",
    doc = "a table",
    keys = { "name" },
    parents = { database = {}, instance = {}, disk = {} },
  },

  collector {
    name = "table", kind = "table", cost = "cheap",
    attributes = {
      { "name", "text", "name of the table" },
      { "type", "text", "table or virtual" },
      { "without_rowid", "bool", "stored by its primary key" },
      { "is_strict", "bool", "columns hold only their own type" },
      { "has_primary_key", "bool", "a primary key is declared" },
      { "columns", "int", "columns, generated ones included" },
      { "indexes", "int", "indexes, those of constraints included" },
      { "writable_columns", "text", "its columns but the generated ones, quoted and joined by commas" },
      { "row_key", "text", "what tells its rows from each other: a name of the rowid that no column hides, or its primary key, quoted" },
    },
    filter = one_table,
    filter_keys = { "name" },
    variants = { { sql = sql_file "table.sql" } },
  },

  collector {
    -- Every table's foreign keys are read for it.
    name = "table_relations", kind = "table", cost = "cheap",
    attributes = {
      { "name", "text", "name of the table" },
      { "triggers", "int", "triggers on it" },
      { "referenced_by", "int", "foreign keys that point to it" },
    },
    filter = one_table,
    filter_keys = { "name" },
    variants = { { sql = sql_file "table_relations.sql" } },
  },

  collector {
    name = "table_pattern", kind = "table", cost = "cheap",
    attributes = {
      { "name", "text", "name of the table" },
      { "time_column", "text", "its first column that looks like a time, by type or name; null: none" },
    },
    filter = one_table,
    filter_keys = { "name" },
    variants = { { sql = sql_file "table_pattern.sql" } },
  },

  collector {
    name = "table_identity", kind = "table", cost = "cheap",
    attributes = {
      { "name", "text", "name of the table" },
      { "fingerprint", "text", "digest of the statement that makes it: with other columns it has another one" },
    },
    filter = "and s.name = ?1",
    filter_keys = { "name" },
    variants = { { sql = sql_file "table_identity.sql" } },
  },

  collector {
    name = "table_rows", kind = "table", cost = "measured",
    attributes = {
      { "name", "text", "name of the table" },
      { "rows", "int", "rows, counted", reason = true },
      { "stats_rows", "int", "rows as the planner's statistics have them", reason = true },
      { "stats_rows_ratio", "ratio", "rows of the statistics over counted rows", reason = true },
      { "never_analyzed", "bool", "has rows and no statistics" },
      { "indexes_without_statistics", "int", "indexes on all of its rows that the planner knows nothing of" },
    },
    filter = one_table,
    filter_keys = { "name" },
    variants = { { sql = sql_file "table_rows.sql" } },
  },

  collector {
    name = "table_size", kind = "table", cost = "measured",
    attributes = {
      { "name", "text", "name of the table" },
      { "size", "bytes", "pages of the table itself" },
      { "index_size", "bytes", "pages of its indexes" },
      { "bloat_size", "bytes", "unused bytes within the table's pages" },
      { "bloat_ratio", "ratio", "unused share of the table's pages" },
    },
    filter = one_table,
    filter_keys = { "name" },
    variants = { { needs = { "dbstat" }, sql = sql_file "table_size.sql" } },
    unavailable = "this SQLite is built without dbstat",
  },

  collector {
    name = "table_age", kind = "table", cost = "measured",
    attributes = {
      { "name", "text", "name of the table" },
      { "oldest_row_age", "duration", "since the oldest time in a column (text, or Unix time in s, ms or us); 0 when it holds none",
        parameter = "column", reason = true },
    },
    filter = one_table,
    filter_keys = { "name" },
    variants = { { sql = sql_file "table_age.sql" } },
  },

  collector {
    name = "table_findings", kind = "table", cost = "cheap",
    attributes = {
      { "name", "text", "name of the table" },
      { "validation_age", "duration", "since validate_data last ended on it", reason = true },
    },
    filter = one_table,
    filter_keys = { "name" },
    variants = { { needs = { "ledger" }, sql = sql_file "table_findings.sql" } },
    unavailable = "never validated: upkeep's ledger is not in this database",
  },
}
