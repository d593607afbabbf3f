return {
  kind {
    name = "instance",
    doc = "the server",
    keys = { "name" },
    single = true,
  },

  collector {
    name = "instance", kind = "instance", cost = "cheap",
    attributes = {
      { "name", "text", "always mariadb" },
      { "version", "version", "version of the server" },
      { "role", "text", "primary or replica" },
    },
    filter = "and i.name = ?1",
    filter_keys = { "name" },
    variants = {
      {
        sql = "select i.name, substring_index(version(), '-', 1) as version, if(@@global.read_only, 'replica', 'primary') as role"
          .. " from (select 'mariadb' as name) i where true {filter}",
      },
    },
  },
}
