-- Tables of the current database: ordinary ones, partitioned ones, materialised views. TOAST belongs to its table. Temporary
-- tables are left out: only their own session can maintain them.
return {
  kind {
    name = "table",
    doc = "a table, partitioned table or materialised view",
    keys = { "schema", "name" },
    parents = { database = { "database" }, instance = {} },
  },

  collector {
    name = "table", kind = "table", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "database", "text", "the current database" },
      { "type", "text", "table, partitioned table or materialized view" },
      { "owner", "text", "role that owns it" },
      { "may_maintain", "bool", "the connected role may vacuum and analyse it" },
      { "is_system", "bool", "belongs to the server" },
      { "extension", "text", "the extension that owns it; null: none" },
      { "persistence", "text", "permanent or unlogged" },
      { "is_partitioned", "bool", "has partitions and no rows of its own" },
      { "is_partition", "bool", "is a partition of another table" },
      { "has_foreign_parts", "bool", "one of its partitions or children is a foreign table, which an analyze would read too" },
      { "rows", "int", "rows, as the last vacuum or analyze counted or estimated them", reason = true },
      { "size", "bytes", "its pages as the last vacuum or analyze saw them; measured_size reads the files" },
      { "index_size", "bytes", "pages of its indexes, seen in the same way" },
      { "toast_size", "bytes", "pages of its TOAST table, seen in the same way" },
      { "xid_age", "int", "transactions since its oldest unfrozen one, TOAST included", reason = true },
      { "mxid_age", "int", "the same for multixacts", reason = true },
      { "freeze_due_ratio", "ratio", "age over the age at which autovacuum freezes it by force", reason = true },
      { "has_primary_key", "bool", "has a primary key" },
      { "autovacuum_enabled", "bool", "autovacuum works on it" },
      { "is_owned", "bool", "the connected role owns it, and so may change what it is" },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { sql = sql_file "table.sql" } },
  },

  collector {
    name = "table_identity", kind = "table", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "fingerprint", "text", "digest of what it is: another table of its name, or with other columns, has another one" },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { sql = sql_file "table_identity.sql" } },
  },

  collector {
    name = "table_activity", kind = "table", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "live_rows", "int", "rows, as the server counts changes", counter = "level" },
      { "dead_rows", "int", "rows that are deleted and not yet removed", counter = "level" },
      { "dead_ratio", "ratio", "share of those", reason = true, counter = "level" },
      { "changed_ratio", "ratio", "rows changed since the last analyze over rows", reason = true, counter = "level" },
      { "vacuum_due_ratio", "ratio", "dead rows over the number at which autovacuum comes", counter = "level" },
      { "insert_due_ratio", "ratio", "inserted rows over the number at which autovacuum comes; 0: it does not for inserts", counter = "level" },
      { "analyze_due_ratio", "ratio", "changed rows over the number at which autovacuum analyses", counter = "level" },
      { "vacuum_running", "bool", "a vacuum works on it" },
      { "vacuum_age", "duration", "since it was last vacuumed", reason = true },
      { "stats_age", "duration", "since it was last analysed", reason = true },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = {
      { min = "18", sql = sql_file "table_activity_18.sql" },
      { max = "18", sql = sql_file "table_activity_13.sql" },
    },
  },

  collector {
    name = "table_statistics", kind = "table", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "never_analyzed", "bool", "has rows and no statistics for the planner", reason = true },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = {
      { needs = { "statistics" }, sql = sql_file "table_statistics.sql" },
      { sql = sql_file "table_statistics_plain.sql" },
    },
  },

  collector {
    name = "table_bloat", kind = "table", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "bloat_ratio", "ratio", "estimated share of space that holds no rows", reason = true },
      { "bloat_size", "bytes", "the same in bytes", reason = true },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = {
      { needs = { "statistics" }, sql = sql_file "table_bloat.sql" },
      { sql = sql_file "table_bloat_plain.sql" },
    },
  },

  collector {
    name = "table_size", kind = "table", cost = "measured",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "measured_size", "bytes", "its files, TOAST included" },
      { "measured_index_size", "bytes", "files of its indexes" },
      { "measured_total_size", "bytes", "both" },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { sql = sql_file "table_size.sql" } },
  },

  collector {
    name = "table_age", kind = "table", cost = "measured",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "oldest_row_age", "duration", "since the oldest date or timestamp in a column; 0 when it holds none",
        parameter = "column", reason = true },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { sql = sql_file "table_age.sql" } },
  },

  collector {
    name = "table_updates", kind = "table", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "touch_column", "text", "a column, quoted, that an update may set to itself" },
      { "update_effects", "int", "triggers and rules that an update of its rows sets off" },
      { "unproved", "int", "constraints that hold for new rows only (NOT VALID)" },
      { "published", "bool", "its changes are published to subscribers" },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { sql = sql_file "table_updates.sql" } },
  },

  collector {
    name = "table_columns", kind = "table", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "columns", "text", "its columns, quoted and joined by commas" },
      { "writable_columns", "text", "those that are not generated" },
      { "delete_effects", "int", "foreign keys by which deleting its rows deletes or changes rows of other tables" },
      { "row_security", "bool", "this role sees only some of its rows" },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { sql = sql_file "table_columns.sql" } },
  },

  collector {
    name = "table_pattern", kind = "table", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "time_column", "text", "its first date or timestamp, one with an index before others; null: none" },
      { "inserted_rows", "int", "rows inserted on this server since its counters began", counter = "total" },
      { "updated_rows", "int", "rows updated since then", counter = "total" },
      { "deleted_rows", "int", "rows deleted since then", counter = "total" },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { sql = sql_file "table_pattern.sql" } },
  },

  collector {
    name = "table_column_type", kind = "table", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "column_type", "text", "type of a column", parameter = "column" },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { sql = sql_file "table_column_type.sql" } },
  },

  collector {
    name = "table_column_indexed", kind = "table", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "column_indexed", "bool", "a whole btree index begins with a column", parameter = "column" },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { sql = sql_file "table_column_indexed.sql" } },
  },

  collector {
    name = "table_findings", kind = "table", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "integrity_check_age", "duration", "since verify_integrity last ended on it", reason = true },
      { "corruption_found", "int", "faults that the last verify_integrity found", reason = true },
      { "corruption_detail", "text", "the first of those, with its block; null: none" },
      { "damaged_index", "text", "an index of it in which damage was found since it was last checked itself; null: none" },
      { "validation_age", "duration", "since validate_data last ended on it", reason = true },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { needs = { "ledger" }, sql = sql_file "table_findings.sql" } },
    unavailable = "never checked: upkeep's ledger is not in this database",
  },
  collector {
    name = "table_orphans", kind = "table", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "detach_pending_from", "text", "the parent that it was being detached from when that was cut off (14)" },
      { "leftover_of", "text", "the tool whose crash left it behind: pg_repack" },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { sql = sql_file "table_orphans.sql" } },
  },

  collector {
    name = "table_managed", kind = "table", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "owned_by_extension", "bool", "an extension made it, and its upgrades change it" },
      { "managed_by", "text", "the tool that makes and drops it or its partitions: pg_partman, timescaledb, pg_cron ...; null: none" },
      { "replica_identity", "text", "what names its rows to subscribers: primary key, index, full or nothing" },
      { "publishes_updates", "bool", "a publication sends its updates and deletes" },
      { "publications", "list", "publications that send its changes, by name" },
      { "storage_options", "list", "its reloptions" },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { sql = sql_file "table_managed.sql" } },
  },

  collector {
    name = "table_measured", kind = "table", cost = "reading",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "measured_bloat_ratio", "ratio", "share of its pages that holds no rows, by pgstattuple_approx: reads all but the pages that are all visible",
        reason = true },
      { "measured_bloat_size", "bytes", "the same in bytes", reason = true },
      { "measured_dead_ratio", "ratio", "share of its pages that dead rows take", reason = true },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { needs = { "pgstattuple" }, sql = sql_file "table_measured.sql" } },
    unavailable = "needs the extension pgstattuple in this database, and the role pg_stat_scan_tables",
  },

  collector {
    name = "table_key", kind = "table", cost = "measured",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "key_used_ratio", "ratio", "share of the values of its integer primary key that is used up, by the largest one, sequence or not", reason = true },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { sql = sql_file "table_key.sql" } },
  },
}
