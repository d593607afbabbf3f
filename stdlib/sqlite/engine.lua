-- SQLite 3.38 and later, embedded: the file is the database.
return engine {
  name = "sqlite",

  capabilities = {
    dbstat = "select exists (select 1 from pragma_module_list where name = 'dbstat')",
    ledger = "select exists (select 1 from pragma_table_info('upkeep_ledger') where name = 'approvals')",
    -- False: made by an older version, without the view upkeep_log.
    ledger_current = "select exists (select 1 from sqlite_schema where type = 'view' and name = 'upkeep_log')"
      .. " or not exists (select 1 from pragma_table_info('upkeep_ledger'))",
  },

  privileges = require "sqlite/privileges",

  identity = sql_file "identity.sql",

  -- No lease: the lock is on the file, and cannot be lost while the process lives.
  ledger = {
    create = "create_ledger",
    insert = {
      sql = "insert into upkeep_ledger (run, step, attempt, action, kind, object, statement, outcome,"
        .. " started_at, finished_at, plan, digest, log_head, approvals)"
        .. " values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
      params = {
        { from = "step.run" }, { from = "step.id" }, { from = "step.attempt" },
        { from = "step.action" }, { from = "step.kind" }, { from = "step.object" },
        { from = "step.statement" }, { from = "step.outcome" },
        { from = "step.started_at" }, { from = "step.finished_at" },
        { from = "step.plan" }, { from = "step.digest" }, { from = "step.log_head" },
        { from = "step.approvals" },
      },
    },
    -- The last word on each step; of rounds, that there were some.
    applied = {
      sql = "select step, outcome from upkeep_ledger where run = ?1 and outcome in ('applied', 'undone', 'round')"
        .. " group by step, outcome order by max(id)",
      params = { { from = "step.run" } },
    },
    runs = {
      sql = "select run from upkeep_ledger where plan = ?1 and run <> ?2 limit 1",
      params = { { from = "step.plan" }, { from = "step.run" } },
    },
    uses = {
      sql = "select distinct run, approvals from upkeep_ledger where approvals is not null and run <> ?1",
      params = { { from = "step.run" } },
    },
  },

  -- One writer at a time: whatever writes excludes whatever else writes.
  lock_conflicts = {
    write = { "write", "exclusive" },
    exclusive = { "read", "write", "exclusive" },
  },
  traffic_locks = { "read", "write" },

  -- What rules of lint ask of the host, besides the objects of the steps.
  judged = { disk = { "free_size" } },

  -- Nobody can stand in a queue behind us, so there is no guard: others wait as long as their busy timeout.
  metrics = {
    active_sessions = { unavailable = "SQLite does not know who uses the file" },
    disk_free = { sql = "select upkeep_disk_free() as disk_free" },
    load = { sql = "select upkeep_load() as load" },
    probe_latency = { sql = "select count(*) from sqlite_schema", measure = "latency" },
    replica_lag = { unavailable = "SQLite has no replicas" },
    wal_rate = { unavailable = "SQLite does not count what it logs" },
  },
}
