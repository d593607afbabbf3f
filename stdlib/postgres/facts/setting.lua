return {
  kind {
    name = "setting",
    doc = "a setting of the server as this session sees it",
    keys = { "name" },
    parents = { instance = {} },
  },

  collector {
    name = "setting", kind = "setting", cost = "cheap",
    attributes = {
      { "name", "text", "its name" },
      { "value", "text", "its value, in its unit" },
      { "unit", "text", "that unit; null: none" },
      { "recommended", "text", "the value that nearly every server wants", reason = true },
      { "context", "text", "what it takes to change it" },
      { "source", "text", "where the value comes from" },
      { "pending_restart", "bool", "the file says another value, which needs a restart" },
    },
    filter = "and s.name = $1",
    filter_keys = { "name" },
    variants = { { sql = sql_file "setting.sql" } },
  },

  collector {
    name = "setting_file", kind = "setting", cost = "cheap",
    attributes = {
      { "name", "text", "its name" },
      { "auto_value", "text", "what ALTER SYSTEM has set it to; null: nothing" },
      { "may_alter_system", "bool", "the server lets ALTER SYSTEM change it (17: allow_alter_system)" },
    },
    filter = "and s.name = $1",
    filter_keys = { "name" },
    variants = { { needs = { "superuser" }, sql = sql_file "setting_file.sql" } },
    unavailable = "only superusers see the server's files of settings",
  },

  kind {
    name = "constraint",
    doc = "a foreign key",
    keys = { "schema", "table", "name" },
    parents = { table = { "schema", "table" }, instance = {} },
  },

  collector {
    name = "constraint", kind = "constraint", cost = "cheap",
    attributes = {
      { "schema", "text", "schema of its table" },
      { "table", "text", "the table that has it" },
      { "name", "text", "its name" },
      { "type", "text", "always foreign key" },
      { "references", "text", "the table it points to" },
      { "on_delete", "text", "no action, restrict, cascade, set null or set default" },
      { "validated", "bool", "holds for the rows from before it too" },
      { "has_index", "bool", "an index on its columns finds its rows" },
      { "columns", "text", "its columns, quoted and joined by commas" },
    },
    filter = "and n.nspname = $1 and t.relname = $2 and k.conname = $3",
    filter_keys = { "schema", "table", "name" },
    variants = { { sql = sql_file "constraint.sql" } },
  },
}
