return {
  kind {
    name = "database",
    doc = "the database file",
    keys = { "name" },
    single = true,
    parents = { instance = {}, disk = {} },
  },

  collector {
    name = "database", kind = "database", cost = "cheap",
    attributes = {
      { "name", "text", "always main" },
      { "size", "bytes", "size of the file's pages" },
      { "free_size", "bytes", "pages that hold nothing" },
      { "free_ratio", "ratio", "share of pages that hold nothing" },
      { "page_size", "bytes", "size of one page" },
      { "auto_vacuum", "text", "none, full or incremental" },
      { "journal_mode", "text", "wal, delete, truncate, persist, memory or off" },
      { "encoding", "text", "UTF-8, UTF-16le or UTF-16be" },
      { "tables", "int", "tables of users" },
      { "indexes", "int", "indexes, those of constraints included" },
    },
    filter = "and d.name = ?1",
    filter_keys = { "name" },
    variants = { { sql = sql_file "database.sql" } },
  },

  collector {
    name = "database_foreign_keys", kind = "database", cost = "measured",
    attributes = {
      { "name", "text", "always main" },
      { "foreign_key_violations", "int", "rows whose foreign key points nowhere" },
    },
    filter = "and d.name = ?1",
    filter_keys = { "name" },
    variants = { { sql = sql_file "database_foreign_keys.sql" } },
  },

  collector {
    name = "database_findings", kind = "database", cost = "cheap",
    attributes = {
      { "name", "text", "always main" },
      { "integrity_check_age", "duration", "since verify_integrity last ended", reason = true },
      { "corruption_found", "int", "faults that the last verify_integrity found", reason = true },
      { "validation_age", "duration", "since validate_data last ended", reason = true },
    },
    filter = "and d.name = ?1",
    filter_keys = { "name" },
    variants = { { needs = { "ledger" }, sql = sql_file "database_findings.sql" } },
    unavailable = "never checked: upkeep's ledger is not in this database",
  },
}
