-- PostgreSQL 13 to 18. Facts come from the catalogues of one database and, where they are shared, of its instance.
return engine {
  name = "postgres",

  capabilities = {
    -- Installed, and this role may run its checks (only superusers may unless it was granted).
    amcheck = sql_file "amcheck.sql",
    -- Ours, by its columns: a schema of that name may be anybody's.
    ledger = "select count(*) = 4 from pg_catalog.pg_attribute"
      .. " where (attrelid = to_regclass('upkeep.ledger') and attname in ('run', 'log_head', 'approvals'))"
      .. " or (attrelid = to_regclass('upkeep.lease') and attname = 'epoch')",
    -- False: made by an older version, without the view upkeep.log, and this role may add it.
    ledger_current = sql_file "ledger_current.sql",
    -- This role may make the ledger, or write the one that is there.
    ledger_allowed = sql_file "ledger_allowed.sql",
    -- A replica writes nothing. From three million ids before the end on (one million on 13) every insert is refused, while VACUUM works;
    -- the server warns from 40 million on. Manual, 24.1.5.
    ledger_writable = sql_file "ledger_writable.sql",
    -- pg_monitor may ask from 16 on; before, superusers.
    current_log = "select has_function_privilege('pg_catalog.pg_current_logfile(text)', 'execute')",
    -- Granted, or a superuser's.
    list_files = "select has_function_privilege('pg_catalog.pg_ls_dir(text)', 'execute')",
    monitor = "select pg_has_role('pg_monitor', 'usage')",
    -- pg_partman's own list of the sets that it manages, where this role may read it.
    partman = "select to_regclass('partman.part_config') is not null and has_table_privilege('partman.part_config', 'select')",
    pgstattuple = sql_file "pgstattuple.sql",
    -- pg_read_all_stats: what other sessions do is visible.
    read_all_stats = "select pg_has_role('pg_read_all_stats', 'usage')",
    -- The planner's statistics themselves; others see them through pg_stats, as far as they may read the tables.
    statistics = "select has_table_privilege('pg_catalog.pg_statistic', 'select')",
    statements = sql_file "statements.sql",
    superuser = "select rolsuper from pg_catalog.pg_roles where rolname = current_user",
  },

  privileges = require "postgres/privileges",

  identity = sql_file "identity.sql",
  counters = sql_file "counters.sql",

  -- Catalogue queries cost much and run once: compiling them only costs time.
  session = { "set jit = off" },

  -- What a step may set of its session: none of it changes what a statement means.
  settings = {
    "backend_flush_after", "commit_delay", "effective_io_concurrency", "hash_mem_multiplier", "host.priority", "jit", "maintenance_io_concurrency",
    "maintenance_work_mem", "max_parallel_maintenance_workers", "max_parallel_workers_per_gather", "parallel_leader_participation",
    "synchronous_commit", "temp_buffers", "temp_file_limit", "vacuum_buffer_usage_limit", "vacuum_cost_delay", "vacuum_cost_limit",
    "vacuum_cost_page_dirty", "vacuum_cost_page_hit", "vacuum_cost_page_miss", "vacuum_freeze_table_age", "vacuum_multixact_freeze_table_age",
    "wal_compression", "work_mem",
  },

  ledger = {
    create = "create_ledger",
    take = require "postgres/lease",
    insert = {
      sql = sql_file "ledger_insert.sql",
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
      sql = "select step, outcome from upkeep.ledger where run = $1 and outcome in ('applied', 'undone', 'round')"
        .. " group by step, outcome order by max(id)",
      params = { { from = "step.run" } },
    },
    runs = {
      sql = "select run from upkeep.ledger where plan = $1 and run <> $2 limit 1",
      params = { { from = "step.plan" }, { from = "step.run" } },
    },
    uses = {
      sql = "select distinct run, approvals from upkeep.ledger where approvals is not null and run <> $1",
      params = { { from = "step.run" } },
    },
  },

  -- Manual, 13.3.1, table 13.2.
  lock_conflicts = {
    ["access share"] = { "access exclusive" },
    ["row share"] = { "exclusive", "access exclusive" },
    ["row exclusive"] = { "share", "share row exclusive", "exclusive", "access exclusive" },
    ["share update exclusive"] = {
      "share update exclusive", "share", "share row exclusive", "exclusive", "access exclusive",
    },
    ["share"] = {
      "row exclusive", "share update exclusive", "share row exclusive", "exclusive", "access exclusive",
    },
    ["share row exclusive"] = {
      "row exclusive", "share update exclusive", "share", "share row exclusive", "exclusive", "access exclusive",
    },
    ["exclusive"] = {
      "row share", "row exclusive", "share update exclusive", "share", "share row exclusive", "exclusive",
      "access exclusive",
    },
    ["access exclusive"] = {
      "access share", "row share", "row exclusive", "share update exclusive", "share", "share row exclusive",
      "exclusive", "access exclusive",
    },
  },
  traffic_locks = { "access share", "row share", "row exclusive" },

  -- What rules of lint ask of the server, besides the objects of the steps.
  judged = {
    instance = { "backup_running", "sync_standbys_wanted", "sync_standbys_present" },
    replica = { "name" },
  },

  -- Asked by a session that only watches, while steps run.
  guard = { sql = sql_file "watch_guard.sql", cancel = sql_file "watch_cancel.sql" },

  progress = sql_file "watch_progress.sql",

  metrics = {
    active_sessions = { sql = sql_file "watch_active_sessions.sql", capability = "read_all_stats" },
    disk_free = {
      -- SQL does not see the server's disks: whoever wants them watched lets the server tell (docs/throttle.md).
      needs = "select to_regprocedure('upkeep.disk_free()') is not null",
      sql = "select upkeep.disk_free() as disk_free",
      unavailable = "PostgreSQL does not tell it: create the function upkeep.disk_free()",
    },
    load = { unavailable = "PostgreSQL does not know the load of its host" },
    probe_latency = { sql = "select count(*) from pg_class where oid = 1259", measure = "latency" },
    replica_lag = { sql = sql_file "watch_replica_lag.sql", params = { { from = "target.replicas" } }, capability = "read_all_stats" },
    wal_rate = {
      sql = "select case when not pg_is_in_recovery() then pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint end as wal_rate,"
        .. " case when pg_is_in_recovery() then 'a replica writes no log' end as \"wal_rate.reason\"",
      measure = "rate",
    },
  },
}
