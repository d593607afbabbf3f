return {
  kind {
    name = "constraint",
    doc = "a foreign key",
    keys = { "table", "name" },
    parents = { table = { "table" }, database = {}, instance = {}, disk = {} },
  },

  collector {
    name = "constraint", kind = "constraint", cost = "cheap",
    attributes = {
      { "table", "text", "the table that has it" },
      { "name", "text", "its columns, joined by commas" },
      { "type", "text", "always foreign key" },
      { "references", "text", "the table it points to" },
      { "on_delete", "text", "no action, restrict, cascade, set null or set default" },
      { "has_index", "bool", "an index on its columns finds its rows" },
      { "columns", "text", "its columns, quoted and joined by commas" },
    },
    filter = "and k.tbl = ?1 and k.name = ?2",
    filter_keys = { "table", "name" },
    variants = { { sql = sql_file "constraint.sql" } },
  },
}
