-- What goes on at this moment: sessions, prepared transactions, slots, replicas, the archive of WAL.
return {
  kind {
    name = "session",
    doc = "a session of a client or of a worker, but this one",
    keys = { "id" },
    transient = true,
    parents = { instance = {} },
  },

  collector {
    name = "session", kind = "session", cost = "cheap",
    attributes = {
      { "id", "text", "its process and the second in which it began: 4711@1790000000" },
      { "pid", "int", "its process" },
      { "user", "text", "role that logged in; null: none" },
      { "application", "text", "application_name" },
      { "database", "text", "its database; null: none" },
      { "backend_type", "text", "client backend, walsender, autovacuum worker ...", reason = true },
      { "state", "text", "active, idle, idle in transaction ...", reason = true },
      { "age", "duration", "since its statement began, while it is active", reason = true },
      { "transaction_age", "duration", "since its transaction began; 0: it has none", reason = true },
      { "idle_age", "duration", "since it has waited for its client", reason = true },
      { "blocked_for", "duration", "since it has waited for a lock; 0: it does not", reason = true },
      { "blocked_by", "text", "the processes it waits for" },
      { "blocks", "int", "sessions that wait for it" },
      { "xmin_age", "int", "transactions whose dead rows it holds; 0: none", reason = true },
      { "protected", "bool", "serves the server, a replica or a backup: not to be ended", reason = true },
    },
    filter = "and s.id = $1",
    filter_keys = { "id" },
    variants = { { sql = sql_file "session.sql" } },
  },

  kind {
    name = "transaction",
    doc = "a prepared transaction",
    keys = { "name" },
    transient = true,
    parents = { database = { "database" }, instance = {} },
  },

  collector {
    name = "transaction", kind = "transaction", cost = "cheap",
    attributes = {
      { "name", "text", "its global identifier" },
      { "database", "text", "its database" },
      { "user", "text", "role that prepared it" },
      { "prepared_age", "duration", "since it was prepared" },
      { "xid_age", "int", "transactions since it began" },
    },
    filter = "and p.gid = $1",
    filter_keys = { "name" },
    variants = { { sql = sql_file "transaction.sql" } },
  },

  kind {
    name = "slot",
    doc = "a replication slot",
    keys = { "name" },
    parents = { instance = {} },
  },

  collector {
    name = "slot", kind = "slot", cost = "cheap",
    attributes = {
      { "name", "text", "its name" },
      { "kind", "text", "physical or logical" },
      { "database", "text", "database of a logical slot" },
      { "plugin", "text", "output plugin of a logical slot" },
      { "active", "bool", "somebody reads from it" },
      { "temporary", "bool", "goes with its session" },
      { "status", "text", "reserved, extended, unreserved or lost", reason = true },
      { "retained_size", "bytes", "WAL that it holds back", reason = true },
      { "retained_ratio", "ratio", "that over max_slot_wal_keep_size", reason = true },
      { "inactive_for", "duration", "since somebody last read from it; 0: somebody does", reason = true },
      { "xmin_age", "int", "transactions whose dead rows it holds; 0: none" },
      { "catalog_xmin_age", "int", "the same for catalogues" },
      { "synced", "bool", "copied from the primary (17)" },
    },
    filter = "and s.slot_name = $1",
    filter_keys = { "name" },
    variants = { { sql = sql_file "slot.sql" } },
  },

  collector {
    name = "slot_health", kind = "slot", cost = "cheap",
    attributes = {
      { "name", "text", "its name" },
      { "conflicting", "bool", "replay removed rows that a logical slot needs (16)", reason = true },
      { "invalidation_reason", "text", "why nobody can read from it any more: wal_removed, rows_removed, wal_level_insufficient, idle_timeout",
        reason = true },
      { "failover", "bool", "standbys copy it, so that its reader can go on there (17)", reason = true },
    },
    filter = "and s.slot_name = $1",
    filter_keys = { "name" },
    variants = { { sql = sql_file "slot_health.sql" } },
  },

  collector {
    name = "slot_spill", kind = "slot", cost = "cheap",
    attributes = {
      { "name", "text", "its name" },
      { "spill_size", "bytes", "changes that decoding wrote to disk, since the counters began: logical_decoding_work_mem is too small for them",
        reason = true, counter = "total" },
      { "spilled_transactions", "int", "transactions of those", reason = true, counter = "total" },
      { "decoded_size", "bytes", "changes that were sent", reason = true, counter = "total" },
    },
    filter = "and s.slot_name = $1",
    filter_keys = { "name" },
    variants = { { min = "14", sql = sql_file "slot_spill.sql" } },
    unavailable = "needs PostgreSQL 14",
  },

  kind {
    name = "replica",
    doc = "a standby that streams from this server",
    keys = { "name" },
    parents = { instance = {} },
  },

  collector {
    name = "replica", kind = "replica", cost = "cheap",
    attributes = {
      { "name", "text", "its application_name and address" },
      { "status", "text", "streaming, catchup, startup, backup or stopping" },
      { "sync_state", "text", "async, potential, sync or quorum" },
      { "lag_size", "bytes", "WAL that it has not replayed", reason = true },
      { "lag_time", "duration", "how far behind it replays; 0 when nothing is left", reason = true },
    },
    filter = "and r.name = $1",
    filter_keys = { "name" },
    variants = { { needs = { "read_all_stats" }, sql = sql_file "replica.sql" } },
    unavailable = "needs the role pg_read_all_stats to see replicas",
  },

  kind {
    name = "log",
    doc = "the archive of WAL, when archive_mode is on, and the server's log files, when logging_collector is",
    keys = { "name" },
    parents = { instance = {} },
  },

  collector {
    name = "log", kind = "log", cost = "cheap",
    attributes = {
      { "name", "text", "wal_archive or server_log" },
      { "kind", "text", "the same" },
      { "archive_failures", "int", "failed attempts since the last success" },
      { "archive_ready", "int", "segments that wait to be archived", reason = true },
      { "archive_lag_time", "duration", "since the last success while segments wait; 0: none waits", reason = true },
    },
    filter = "and l.name = $1",
    filter_keys = { "name" },
    variants = { { needs = { "monitor" }, sql = sql_file "log.sql" } },
    unavailable = "needs the role pg_monitor to list what waits to be archived",
  },

  collector {
    name = "log_files", kind = "log", cost = "cheap",
    attributes = {
      { "name", "text", "wal_archive or server_log" },
      { "files", "int", "files of the server log" },
      { "size", "bytes", "their size" },
      { "oldest_age", "duration", "since the oldest of them was last written to", reason = true },
      { "folder", "text", "where they are", reason = true },
      { "old_files", "list", "the 200 oldest of them, without those that are written to, oldest first" },
      { "old_ages", "list", "microseconds since they were last written to" },
      { "old_sizes", "list", "their bytes" },
    },
    filter = "and l.name = $1",
    filter_keys = { "name" },
    variants = {
      { needs = { "monitor", "current_log" }, sql = sql_file "log_files.sql" },
      { needs = { "monitor" }, sql = string.replace(sql_file "log_files.sql", "pg_current_logfile(f)", "null") },
    },
    unavailable = "needs the role pg_monitor to list log files",
  },
}
