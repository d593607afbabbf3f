-- A small engine for golden plans: it changes only with them.
return engine {
  name = "sqlite",
  capabilities = { ledger = "select true" },
  identity = "select identity",
  ledger = {
    create = "create_ledger",
    insert = { sql = "insert into ledger values (?1)", params = { { from = "step.id" } } },
    applied = { sql = "select step from ledger where run = ?1", params = { { from = "step.run" } } },
    runs = { sql = "select run from ledger where plan = ?1", params = { { from = "step.plan" } } },
  },
  lock_conflicts = {
    write = { "write", "exclusive" },
    exclusive = { "read", "write", "exclusive" },
  },
  traffic_locks = { "read", "write" },
  metrics = {
    disk_free = { sql = "select disk", needs = "select may_see_the_disk" },
    wal_rate = { sql = "select log where ?1", params = { { from = "target.replicas" } }, measure = "rate" },
    load = { unavailable = "this engine has no host" },
  },
}
