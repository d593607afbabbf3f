local collations = require "postgres/collations"

-- Indexes of the current database's tables; those of TOAST tables and of temporary tables are left out.
return {
  kind {
    name = "index",
    doc = "an index, that of a constraint included",
    keys = { "schema", "name" },
    parents = { table = { "schema", "table" }, instance = {} },
  },

  collector {
    name = "index", kind = "index", cost = "cheap",
    attributes = {
      { "schema", "text", "schema of the index and of its table" },
      { "name", "text", "name of the index" },
      { "table", "text", "its table" },
      { "am", "text", "access method: btree, hash, gin ..." },
      { "is_system", "bool", "belongs to the server" },
      { "extension", "text", "the extension that owns its table; null: none" },
      { "persistence", "text", "permanent or unlogged" },
      { "size", "bytes", "its pages as the last vacuum or analyze saw them; measured_size reads the file" },
      { "rows", "int", "entries, seen in the same way", reason = true },
      { "is_valid", "bool", "queries may use it" },
      { "is_ready", "bool", "writes keep it up" },
      { "build_running", "bool", "it, or another index of its table, is being built" },
      { "leftover", "bool", "what REINDEX CONCURRENTLY left when it was cut: _ccnew or _ccold" },
      { "is_unique", "bool", "refuses equal rows" },
      { "is_primary", "bool", "made by PRIMARY KEY" },
      { "supports_constraint", "bool", "a constraint, or a foreign key of another table, needs it" },
      { "replica_identity", "bool", "names the rows for logical replication" },
      { "clustered", "bool", "CLUSTER last went by it" },
      { "is_exclusion", "bool", "made by an exclusion constraint" },
      { "is_partitioned", "bool", "stands for the indexes of partitions" },
      { "is_partition", "bool", "belongs to the index of a partitioned table" },
      { "parent_incomplete", "bool", "stands for partitions, some of which have no such index yet" },
      { "expression", "bool", "one of its keys is computed" },
      { "partial", "bool", "holds only the rows of its WHERE" },
      { "may_maintain", "bool", "the connected role may rebuild it: it owns its table, or may maintain that (17)" },
      { "is_owned", "bool", "the connected role owns its table, and so may drop it" },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { sql = sql_file "index.sql" } },
  },

  collector {
    name = "index_identity", kind = "index", cost = "cheap",
    attributes = {
      { "schema", "text", "schema of the index and of its table" },
      { "name", "text", "name of the index" },
      { "fingerprint", "text", "digest of its table and definition: rebuilt it stays, made otherwise or on another table not" },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { sql = sql_file "index_identity.sql" } },
  },

  collector {
    name = "index_redundancy", kind = "index", cost = "cheap",
    attributes = {
      { "schema", "text", "schema of the index and of its table" },
      { "name", "text", "name of the index" },
      { "fk_support", "bool", "finds the rows of a foreign key of its table" },
      { "duplicate_of", "text", "the index of the same table that is equal to it and is kept; null: none" },
      { "redundant_to", "text", "the index of the same table that begins with all of its keys; null: none" },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { sql = sql_file "index_redundancy.sql" } },
  },

  collector {
    name = "index_definition", kind = "index", cost = "cheap",
    attributes = {
      { "schema", "text", "schema of the index and of its table" },
      { "name", "text", "name of the index" },
      { "definition", "text", "the statement that makes it" },
      { "tablespace", "text", "the tablespace it is in, unless the default one; null: that" },
      { "comment", "text", "its comment; null: none" },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { sql = sql_file "index_definition.sql" } },
  },

  collector {
    name = "index_activity", kind = "index", cost = "cheap",
    attributes = {
      { "schema", "text", "schema of the index and of its table" },
      { "name", "text", "name of the index" },
      { "scans", "int", "scans on this server since its counters began", counter = "total" },
      { "unused_for", "duration", "since it was last used on this server", reason = true },
      { "counted_for", "duration", "since this server's counters began, by a reset or a crash of it; the index may be younger" },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = {
      { min = "16", sql = sql_file "index_activity_16.sql" },
      { max = "16", sql = sql_file "index_activity_13.sql" },
    },
  },

  collector {
    name = "index_bloat", kind = "index", cost = "cheap",
    attributes = {
      { "schema", "text", "schema of the index and of its table" },
      { "name", "text", "name of the index" },
      { "bloat_ratio", "ratio", "estimated share of space beyond a fresh index; random keys rest near 30%", reason = true },
      { "bloat_size", "bytes", "the same in bytes", reason = true },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = {
      { needs = { "statistics" }, sql = sql_file "index_bloat.sql" },
      { sql = sql_file "index_bloat_plain.sql" },
    },
  },

  collector {
    name = "index_size", kind = "index", cost = "measured",
    attributes = {
      { "schema", "text", "schema of the index and of its table" },
      { "name", "text", "name of the index" },
      { "measured_size", "bytes", "its files" },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { sql = sql_file "index_size.sql" } },
  },

  collector {
    name = "index_findings", kind = "index", cost = "cheap",
    attributes = {
      { "schema", "text", "schema of the index and of its table" },
      { "name", "text", "name of the index" },
      { "integrity_check_age", "duration", "since verify_integrity last ended on it", reason = true },
      { "corruption_found", "int", "faults that verify_integrity found and that no rebuild or check like it has cleared", reason = true },
      { "corruption_detail", "text", "the first of those, with its block; null: none" },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { needs = { "ledger" }, sql = sql_file "index_findings.sql" } },
    unavailable = "never checked: upkeep's ledger is not in this database",
  },

  collector {
    name = "index_baseline", kind = "index", cost = "cheap",
    attributes = {
      { "schema", "text", "schema of the index and of its table" },
      { "name", "text", "name of the index" },
      { "best_size", "bytes", "its file right after the last rebuild with `baseline`", reason = true },
      { "size_to_best_ratio", "ratio", "bytes an entry over those after that rebuild: 200% is twice as large as it need be", reason = true },
      { "best_age", "duration", "since that rebuild", reason = true },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { needs = { "ledger" }, sql = sql_file "index_baseline.sql" } },
    unavailable = "upkeep's ledger is not in this database",
  },

  collector {
    name = "index_collation", kind = "index", cost = "cheap",
    attributes = {
      { "schema", "text", "schema of the index and of its table" },
      { "name", "text", "name of the index" },
      { "collation_drift", "bool", "the library sorts differently from when it was built, as far as is recorded", reason = true },
      { "collation_versions", "text", "its collations whose recorded versions are not the library's, with the library's", reason = true },
    },
    filter = "and s.nspname = $1 and s.relname = $2",
    filter_keys = { "schema", "name" },
    variants = collations.variants(sql_file "index_collation.sql"),
  },

  collector {
    name = "index_measured", kind = "index", cost = "reading",
    attributes = {
      { "schema", "text", "schema of the index and of its table" },
      { "name", "text", "name of the index" },
      { "measured_bloat_ratio", "ratio", "share of a B-tree beyond leaves filled to its fillfactor, by pgstatindex: reads all of it", reason = true },
      { "measured_bloat_size", "bytes", "the same in bytes", reason = true },
      { "leaf_fragmentation", "ratio", "leaves whose neighbour stands before them on the disk", reason = true },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { needs = { "pgstattuple" }, sql = sql_file "index_measured.sql" } },
    unavailable = "needs the extension pgstattuple in this database, and the role pg_stat_scan_tables",
  },
}
