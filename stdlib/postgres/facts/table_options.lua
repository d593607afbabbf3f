return {
  collector {
    name = "table_options", kind = "table", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "options", "list", "its own storage parameters, NAME=VALUE" },
      { "vacuum_trigger_rows", "int", "dead rows at which autovacuum comes, by its own parameters or the server's", reason = true },
    },
    filter = "and n.nspname = $1 and c.relname = $2",
    filter_keys = { "schema", "name" },
    variants = { { sql = sql_file "table_options.sql" } },
  },

  collector {
    name = "instance_memory", kind = "instance", cost = "cheap",
    attributes = {
      { "name", "text", "always instance" },
      { "shared_buffers", "bytes", "memory for pages of tables and indexes" },
      { "prewarm_schema", "text", "schema of the extension pg_prewarm in this database", reason = true },
    },
    filter = "and i.name = $1",
    filter_keys = { "name" },
    variants = { { sql = sql_file "instance_memory.sql" } },
  },
}
