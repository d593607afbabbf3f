return {
  kind { name = "database", doc = "the database", keys = { "name" }, single = true },
  collector {
    name = "database", kind = "database", cost = "cheap",
    attributes = { { "name", "text", "its name" } },
    filter = "and name = ?1", filter_keys = { "name" },
    variants = { { sql = "select name from databases where true {filter}" } },
  },

  kind { name = "disk", doc = "a disk", keys = { "name" } },
  collector {
    name = "disk", kind = "disk", cost = "cheap",
    attributes = { { "name", "text", "its name" }, { "free_size", "bytes", "free bytes" } },
    filter = "and name = ?1", filter_keys = { "name" },
    variants = { { sql = "select name, free from disks where true {filter}" } },
  },

  kind {
    name = "table", doc = "a table", keys = { "schema", "name" },
    parents = { table = { "schema", "whole" }, database = {} },
  },
  collector {
    name = "table", kind = "table", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "whole", "text", "the table it is a part of" },
      { "size", "bytes", "its size" },
      { "stale", "ratio", "share of rows changed" },
      { "pinned", "bool", "an old snapshot needs its rows" },
      { "may_maintain", "bool", "the role may" },
    },
    filter = "and schema = ?1 and name = ?2", filter_keys = { "schema", "name" },
    variants = { { sql = "select schema, name, whole, size, stale, pinned, may from tables where true {filter}" } },
  },

  kind { name = "index", doc = "an index", keys = { "schema", "name" }, parents = { table = { "schema", "table" } } },
  collector {
    name = "index", kind = "index", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "table", "text", "its table" },
      { "bloat", "ratio", "wasted share" },
      { "size", "bytes", "its size" },
      { "supports_constraint", "bool", "a constraint needs it" },
    },
    filter = "and schema = ?1 and name = ?2", filter_keys = { "schema", "name" },
    variants = { { sql = "select schema, name, tab, bloat, size, supports from indexes where true {filter}" } },
  },
}
