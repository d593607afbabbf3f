local collations = require "postgres/collations"

return {
  kind {
    name = "database",
    doc = "a database of the instance",
    keys = { "name" },
    parents = { instance = {} },
  },

  collector {
    name = "database", kind = "database", cost = "cheap",
    attributes = {
      { "name", "text", "name of the database" },
      { "is_current", "bool", "the database of this target" },
      { "owner", "text", "role that owns it" },
      { "encoding", "text", "encoding of texts" },
      { "collation", "text", "LC_COLLATE" },
      { "allows_connections", "bool", "can be connected to" },
      { "is_template", "bool", "a template" },
      { "xid_age", "int", "transactions since the oldest unfrozen one" },
      { "mxid_age", "int", "the same for multixacts" },
      { "freeze_due_ratio", "ratio", "age over the age at which autovacuum freezes by force" },
      { "connections", "int", "sessions" },
      { "checksum_failures", "int", "pages whose checksum was wrong, since the counters began", reason = true },
      { "deadlocks", "int", "since the counters began", counter = "total" },
      { "temp_size", "bytes", "written to temporary files, since the counters began", counter = "total" },
      { "stats_valid_for", "duration", "since the counters began, by a reset or a crash of the server" },
    },
    filter = "and d.datname = $1",
    filter_keys = { "name" },
    variants = { { sql = sql_file "database.sql" } },
  },

  collector {
    name = "database_collation", kind = "database", cost = "cheap",
    attributes = {
      { "name", "text", "name of the database" },
      { "collation_drift", "bool", "the library sorts differently from when the indexes were made", reason = true },
    },
    filter = "and d.datname = $1",
    filter_keys = { "name" },
    variants = {
      { min = "15", sql = sql_file "database_collation_15.sql" },
      { max = "15", sql = sql_file "database_collation_13.sql" },
    },
  },

  collector {
    name = "database_stale", kind = "database", cost = "cheap",
    attributes = {
      { "name", "text", "name of the database" },
      { "drifted_collations", "text", "collations in use whose recorded versions are not the library's; (database): its own", reason = true },
      { "owns_collations", "bool", "the connected role may record new versions of those", reason = true },
      { "stale_indexes", "int", "indexes that they sort and that upkeep has not rebuilt since", reason = true },
      { "stale_partitioned_tables", "int", "tables partitioned by ranges that they sort", reason = true },
    },
    filter = "and d.datname = $1",
    filter_keys = { "name" },
    variants = collations.variants(sql_file "database_stale.sql"),
  },

  collector {
    name = "database_size", kind = "database", cost = "measured",
    attributes = {
      { "name", "text", "name of the database" },
      { "size", "bytes", "its files", reason = true },
    },
    filter = "and d.datname = $1",
    filter_keys = { "name" },
    variants = { { sql = sql_file "database_size.sql" } },
  },

  collector {
    name = "database_findings", kind = "database", cost = "cheap",
    attributes = {
      { "name", "text", "name of the database" },
      { "validation_age", "duration", "since validate_data last ended on it", reason = true },
      { "corruption_found", "int", "faults that stand recorded for tables and indexes of this database", reason = true },
    },
    filter = "and d.datname = $1",
    filter_keys = { "name" },
    variants = { { needs = { "ledger" }, sql = sql_file "database_findings.sql" } },
    unavailable = "never checked: upkeep's ledger is not in this database",
  },

  collector {
    name = "database_counters", kind = "database", cost = "cheap",
    attributes = {
      { "name", "text", "name of the database" },
      { "commits", "int", "transactions that were committed, since the counters began", counter = "total" },
      { "rollbacks", "int", "transactions that were rolled back", counter = "total" },
      { "rollback_ratio", "ratio", "share of those", reason = true, counter = "level" },
      { "cache_hit_ratio", "ratio", "blocks found in shared buffers; the cache of the operating system is not seen", reason = true, counter = "level" },
      { "temp_files", "int", "temporary files that were made", counter = "total" },
      { "recovery_conflicts", "int", "queries that replay on this replica has cancelled", counter = "total" },
      { "checksum_failed_age", "duration", "since a wrong checksum was last seen", reason = true },
      { "sessions_lost", "int", "sessions that ended by a fatal error, a lost client or an operator (14)", reason = true, counter = "total" },
    },
    filter = "and d.datname = $1",
    filter_keys = { "name" },
    variants = { { sql = sql_file "database_counters.sql" } },
  },

  collector {
    name = "database_objects", kind = "database", cost = "cheap",
    attributes = {
      { "name", "text", "name of the database" },
      { "vacuum_backlog", "int", "tables with more dead or inserted rows than autovacuum waits for", reason = true, counter = "level" },
      { "analyze_backlog", "int", "tables with more changed rows than autovacuum waits for", reason = true, counter = "level" },
      { "temporary_tables", "int", "temporary tables of sessions, which only those can maintain", reason = true },
      { "foreign_tables", "int", "tables whose rows are elsewhere", reason = true },
      { "temporary_xid_age", "int", "transactions since the oldest unfrozen one of a temporary table; 0: there is none", reason = true },
      { "publications", "int", "publications of this database", reason = true },
      { "subscriptions", "int", "subscriptions of this database", reason = true },
    },
    filter = "and d.datname = $1",
    filter_keys = { "name" },
    -- 18 counts inserted rows against pages that are not frozen only.
    variants = {
      { min = "18", sql = string.replace(sql_file "database_objects.sql", "1.0 as unfrozen",
        "case when c.relpages > 0 then 1 - least(c.relallfrozen, c.relpages)::float8 / c.relpages else 1 end as unfrozen") },
      { max = "18", sql = sql_file "database_objects.sql" },
    },
  },
}
