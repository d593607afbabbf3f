return {
  kind {
    name = "index",
    doc = "an index, that of a constraint included",
    keys = { "name" },
    parents = { table = { "table" }, database = {}, instance = {}, disk = {} },
  },

  collector {
    name = "index", kind = "index", cost = "cheap",
    attributes = {
      { "name", "text", "name of the index" },
      { "table", "text", "its table" },
      { "is_unique", "bool", "refuses equal rows" },
      { "is_primary", "bool", "made by PRIMARY KEY" },
      { "supports_constraint", "bool", "made by PRIMARY KEY or UNIQUE: cannot be dropped alone" },
      { "partial", "bool", "holds only the rows of its WHERE" },
      { "expression", "bool", "one of its keys is computed" },
      { "keys", "text", "its key columns, with order and collation where they are not the usual ones" },
      { "fk_support", "bool", "finds the rows of a foreign key of its table" },
      { "definition", "text", "the statement that made it", reason = true },
      { "duplicate_of", "text", "the index that is equal to it and is kept; null: none" },
      { "redundant_to", "text", "the index that begins with all of its keys; null: none" },
      { "unused_for", "duration", "since it was last used", reason = true },
    },
    filter = "and w.name = ?1",
    filter_keys = { "name" },
    variants = { { sql = sql_file "index.sql" } },
  },

  collector {
    name = "index_identity", kind = "index", cost = "cheap",
    attributes = {
      { "name", "text", "name of the index" },
      { "fingerprint", "text", "digest of its table and definition: rebuilt it stays, made otherwise or on another table not" },
    },
    filter = "and s.name = ?1",
    filter_keys = { "name" },
    variants = { { sql = sql_file "index_identity.sql" } },
  },

  collector {
    name = "index_size", kind = "index", cost = "measured",
    attributes = {
      { "name", "text", "name of the index" },
      { "size", "bytes", "its pages" },
      { "bloat_size", "bytes", "unused bytes within its pages" },
      { "bloat_ratio", "ratio", "unused share of its pages" },
    },
    filter = "and i.name = ?1",
    filter_keys = { "name" },
    variants = { { needs = { "dbstat" }, sql = sql_file "index_size.sql" } },
    unavailable = "this SQLite is built without dbstat",
  },

  collector {
    name = "index_findings", kind = "index", cost = "cheap",
    attributes = {
      { "name", "text", "name of the index" },
      { "is_valid", "bool", "agrees with its table, as far as the last integrity check saw", reason = true },
    },
    filter = "and i.name = ?1",
    filter_keys = { "name" },
    variants = { { needs = { "ledger" }, sql = sql_file "index_findings.sql" } },
    unavailable = "never checked: upkeep's ledger is not in this database",
  },
}
