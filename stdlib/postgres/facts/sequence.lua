return {
  kind {
    name = "sequence",
    doc = "a sequence, or an identity column",
    keys = { "schema", "name" },
    parents = { instance = {} },
  },

  collector {
    name = "sequence", kind = "sequence", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "type", "text", "smallint, integer or bigint" },
      { "table", "text", "the table whose column it feeds; null: none" },
      { "column", "text", "that column" },
      { "cycles", "bool", "begins again at its end" },
      { "column_type", "text", "the type of that column; null: none" },
      { "increment", "int", "what it adds each time" },
      { "max_value", "text", "its own end, MAXVALUE" },
      { "last_value", "int", "the value it gave last", reason = true },
      { "limit", "int", "the last value that fits sequence and column" },
      { "used_ratio", "ratio", "share of its values that are used up", reason = true },
      { "is_owned", "bool", "the connected role owns it, and so may change it" },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { sql = sql_file "sequence.sql" } },
  },
}
