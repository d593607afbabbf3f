-- MariaDB 10.6 and later, over ODBC. A target is one database (schema) of a server; upkeep's own tables stand in it.
return engine {
  name = "mariadb",

  capabilities = {
    innodb_stats = "select count(*) >= 0 from mysql.innodb_table_stats where database_name = '' and table_name = ''",
    ledger = "select count(*) = 1 from information_schema.columns"
      .. " where table_schema = database() and table_name = 'upkeep_ledger' and column_name = 'approvals'",
  },

  privileges = require "mariadb/privileges",

  identity = sql_file "identity.sql",

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

  -- Metadata locks (MariaDB Knowledge Base, "Metadata Locking"): a change of the table waits for all who use it.
  lock_conflicts = {
    ["shared write"] = { "exclusive" },
    ["shared read"] = { "exclusive" },
    ["exclusive"] = { "shared read", "shared write", "exclusive" },
  },
  traffic_locks = { "shared read", "shared write" },

  metrics = {
    active_sessions = { sql = "select cast(variable_value as signed) as active_sessions from information_schema.global_status"
      .. " where variable_name = 'Threads_running'" },
    disk_free = { unavailable = "MariaDB does not tell it without the plugin DISKS" },
    load = { unavailable = "MariaDB does not know the load of its host" },
    probe_latency = { sql = "select count(*) from information_schema.engines", measure = "latency" },
    replica_lag = { unavailable = "the lag of replicas is not read yet" },
    wal_rate = { sql = "select cast(variable_value as signed) as wal_rate from information_schema.global_status"
      .. " where variable_name = 'Innodb_os_log_written'", measure = "rate" },
  },
}
