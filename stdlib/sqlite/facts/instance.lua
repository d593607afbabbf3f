-- What surrounds the file: the library, its disk, its write-ahead log, its settings.
return {
  kind {
    name = "instance",
    doc = "the SQLite library that opens the file",
    keys = { "name" },
    single = true,
  },

  collector {
    name = "instance", kind = "instance", cost = "cheap",
    attributes = {
      { "name", "text", "always sqlite" },
      { "version", "version", "version of the library" },
      { "role", "text", "always standalone" },
    },
    filter = "and i.name = ?1",
    filter_keys = { "name" },
    variants = {
      {
        sql = "select i.name, sqlite_version() as version, 'standalone' as role"
          .. " from (select 'sqlite' as name) i where true {filter}",
      },
    },
  },

  kind {
    name = "disk",
    doc = "the file system that holds the file",
    keys = { "name" },
    single = true,
    parents = { database = {}, instance = {} },
  },

  collector {
    name = "disk", kind = "disk", cost = "cheap",
    attributes = {
      { "name", "text", "always data" },
      { "size", "bytes", "size of the file system" },
      { "free_size", "bytes", "what this user may still write" },
      { "free_ratio", "ratio", "free share of the file system" },
    },
    filter = "and d.name = ?1",
    filter_keys = { "name" },
    variants = { { sql = sql_file "disk.sql" } },
  },

  kind {
    name = "log",
    doc = "the write-ahead log beside the file",
    keys = { "name" },
    parents = { database = {}, instance = {}, disk = {} },
  },

  collector {
    name = "log", kind = "log", cost = "cheap",
    attributes = {
      { "name", "text", "always wal" },
      { "kind", "text", "always wal" },
      { "size", "bytes", "size of the log file" },
    },
    filter = "and l.name = ?1",
    filter_keys = { "name" },
    variants = { { sql = sql_file "log.sql" } },
  },

  kind {
    name = "setting",
    doc = "a setting that the file keeps",
    keys = { "name" },
    parents = { database = {}, instance = {} },
  },

  collector {
    name = "setting", kind = "setting", cost = "cheap",
    attributes = {
      { "name", "text", "name of the pragma" },
      { "value", "text", "its value" },
      { "recommended", "text", "the value that suits most databases", reason = true },
      { "pending_restart", "bool", "always false" },
    },
    filter = "and s.name = ?1",
    filter_keys = { "name" },
    variants = { { sql = sql_file "setting.sql" } },
  },
}
