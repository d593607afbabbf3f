-- The server as a whole: where it stands among others, checkpoints and WAL, who works on it, what this role may do.
return {
  collector {
    name = "instance_topology", kind = "instance", cost = "cheap",
    attributes = {
      { "name", "text", "always instance" },
      { "timeline", "int", "its timeline" },
      { "replicas", "int", "standbys and other receivers that stream from it", reason = true },
      { "replica_lag_size", "bytes", "WAL that the slowest of them has not replayed; 0: none streams", reason = true },
      { "replica_lag_time", "duration", "how far the slowest of them is behind; 0: none is", reason = true },
      { "upstream", "text", "host and port that a replica streams from; null: none", reason = true },
      { "upstream_slot", "text", "the slot it uses there", reason = true },
      { "receiver_status", "text", "of a replica's receiver: streaming, stopped ...; null: no replica", reason = true },
      { "replay_paused", "bool", "a replica does not replay, because somebody said so" },
      { "replay_lag_size", "bytes", "WAL that a replica has received and not replayed; 0: a primary", reason = true },
      { "replay_lag_time", "duration", "since the newest replayed transaction, while there is more to replay; 0: nothing is left", reason = true },
      { "recovery_conflicts", "int", "queries of a replica that replay has cancelled", counter = "total" },
    },
    filter = "and i.name = $1",
    filter_keys = { "name" },
    variants = { { sql = sql_file "instance_topology.sql" } },
  },

  collector {
    name = "instance_checkpoints", kind = "instance", cost = "cheap",
    attributes = {
      { "name", "text", "always instance" },
      { "checkpoints_timed", "int", "that began because it was time, since the counters began", counter = "total" },
      { "checkpoints_requested", "int", "that began because max_wal_size was near, or on request", counter = "total" },
      { "checkpoints_requested_ratio", "ratio", "share of the requested ones", reason = true, counter = "level" },
      { "checkpoint_age", "duration", "since the last one began" },
      { "wal_since_checkpoint", "bytes", "WAL that recovery would read now", reason = true },
      { "wal_size_max", "bytes", "max_wal_size" },
      { "wal_position", "int", "bytes of WAL written in the life of this server: its trend is WAL a day", reason = true },
    },
    filter = "and i.name = $1",
    filter_keys = { "name" },
    variants = {
      { min = "17", sql = sql_file "instance_checkpoints_17.sql" },
      { max = "17", sql = sql_file "instance_checkpoints_13.sql" },
    },
  },

  collector {
    name = "instance_wal", kind = "instance", cost = "cheap",
    attributes = {
      { "name", "text", "always instance" },
      { "wal_size", "bytes", "files in pg_wal" },
      { "wal_files", "int", "how many there are" },
      { "temp_files_size", "bytes", "temporary files in use now" },
    },
    filter = "and i.name = $1",
    filter_keys = { "name" },
    variants = { { needs = { "monitor" }, sql = sql_file "instance_wal.sql" } },
    unavailable = "needs the role pg_monitor to list the files",
  },

  collector {
    name = "instance_held", kind = "instance", cost = "cheap",
    attributes = {
      { "name", "text", "always instance" },
      { "archive_failing", "bool", "the last attempt to archive WAL failed: no segment is removed until it succeeds" },
      { "archive_failure", "text", "which segment failed, when, and the newest that was archived; null: it does not fail" },
      { "wal_slot", "text", "the slot that is furthest behind; null: none" },
      { "wal_slot_size", "bytes", "WAL that it holds back; 0: none" },
      { "wal_slot_holder", "text", "that slot, who reads from it and how much it holds; null: none" },
    },
    filter = "and i.name = $1",
    filter_keys = { "name" },
    variants = { { sql = sql_file "instance_held.sql" } },
  },

  collector {
    name = "instance_members", kind = "instance", cost = "cheap",
    attributes = {
      { "name", "text", "always instance" },
      { "mxid_members_ratio", "ratio", "share of the room for members of multixacts that is used; from 50% on autovacuum freezes by force" },
    },
    filter = "and i.name = $1",
    filter_keys = { "name" },
    variants = { { needs = { "list_files" }, sql = sql_file "instance_members.sql" } },
    unavailable = "needs the right to execute pg_ls_dir(text), which superusers have; the server tells it from PostgreSQL 19 on",
  },

  collector {
    name = "instance_sessions", kind = "instance", cost = "cheap",
    attributes = {
      { "name", "text", "always instance" },
      { "sessions_active", "int", "clients whose statement runs", reason = true },
      { "sessions_idle_in_transaction", "int", "clients that have a transaction and do nothing", reason = true },
      { "sessions_waiting", "int", "sessions that wait for a lock of another one" },
      { "oldest_transaction_age", "duration", "since the oldest transaction of a client began; 0: none", reason = true },
      { "prepared_transactions", "int", "prepared transactions" },
      { "prepared_transactions_max", "int", "max_prepared_transactions" },
      { "connections_reserved_free", "int", "sessions that only superusers may open, and that are free", reason = true },
    },
    filter = "and i.name = $1",
    filter_keys = { "name" },
    variants = { { sql = sql_file "instance_sessions.sql" } },
  },

  collector {
    name = "instance_rights", kind = "instance", cost = "cheap",
    attributes = {
      { "name", "text", "always instance" },
      { "is_superuser", "bool", "the connected role is a superuser" },
      { "is_monitor", "bool", "it has pg_monitor" },
      { "reads_all_data", "bool", "it may read every table (pg_read_all_data, 14)" },
      { "maintains_all", "bool", "it may vacuum, analyse and rebuild every object of this database" },
      { "signals_others", "bool", "it may end sessions of other roles that are not superusers" },
      { "extensions", "list", "extensions of this database" },
      { "managed_by", "text", "the service that runs the server, by its roles and settings; null: none is recognised" },
      { "not_allowed", "list", "what that service, or this role, does not let happen" },
    },
    filter = "and i.name = $1",
    filter_keys = { "name" },
    variants = { { sql = sql_file "instance_rights.sql" } },
  },

  collector {
    name = "instance_software", kind = "instance", cost = "cheap",
    attributes = {
      { "name", "text", "always instance" },
      { "eol_in", "duration", "until this major version gets no more fixes; 0: it is past", reason = true },
      { "preloaded", "list", "shared_preload_libraries", reason = true },
    },
    filter = "and i.name = $1",
    filter_keys = { "name" },
    variants = { { sql = sql_file "instance_software.sql" } },
  },
}
