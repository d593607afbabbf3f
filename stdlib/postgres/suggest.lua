-- What `upkeep init --from` makes of a PostgreSQL database. docs/extending.md, "Suggestions".
return {
  suggestion {
    name = "baseline",
    use = "std/postgres-baseline",
    why = "Until you have read what they would drop, these only say it. Take the override away to let plans do it.",
    checks = { "duplicate-index", "index-leftover" },
  },

  suggestion {
    name = "room", kind = "database", where = "allows_connections", order = "size", most = 3,
    title = "Size",
    why = "A database that is twice what it is today should have been expected. Today:",
    seen = "<<object>>: <<size>>",
    let = { limit = "size * 2" },
    active = true,
    policies = [[
- name: size-as-expected
  why: growth beyond this is worth a look at what grows
  for: database
  where: allows_connections
  ensure: size <= <<limit>>
  severity: info
]],
  },

  suggestion {
    name = "large_tables", kind = "table", where = "not is_partitioned and not is_system and size >= 256MiB", order = "size",
    title = "Large tables: vacuum them before a fifth of them is dead",
    why = "Autovacuum comes when 20% of a table is dead, which of these is much (autovacuum_vacuum_scale_factor of the table\n"
      .. "would say it to the server itself). <<count>> of them, the largest:",
    seen = "<<object>>: <<size>>, indexes <<index_size>>, dead <<dead_ratio>>, bloat <<bloat_ratio>>",
    active = true,
    policies = [[
- name: large-tables-vacuum
  why: dead rows of large tables cost cache and time
  for: table
  where: not is_partitioned and not is_system and size >= 256MiB and may_maintain and not vacuum_running
  ensure: dead_ratio <= 5%
  if_unknown: skip
  by: vacuum
  with: { truncate: "off" }
  cooldown: 6h
  limits: { max_actions: 5 }
]],
  },

  suggestion {
    name = "retention", kind = "table",
    where = "not is_partition and not is_system and extension is null and time_column ~ '^[a-z_][a-z0-9_]*$' and inserted_rows >= 1_000 "
      .. "and (updated_rows + deleted_rows) * 20 <= inserted_rows",
    order = "inserted_rows",
    title = "Tables that only grow, and have a date: how long are their rows wanted?",
    why = "Rows go in and are hardly changed. If they may go one day, say when: archive_rows moves them to a table of its own,\n"
      .. "expire_rows deletes them. Choose the time, then take the comment signs away.",
    seen = "<<object>>: <<size>>, <<inserted_rows>> rows inserted, <<updated_rows>> updated, <<deleted_rows>> deleted, by <<time_column>>",
    each = [[
- name: retention-<<slug>>
  why: rows are kept for 90 days; older ones are in the archive table
  for: table
  where: <<where>>
  ensure: oldest_row_age(<<time_column>>) <= 90d
  by: archive_rows
  with: { column: <<yaml:time_column>>, older_than: 90d }
]],
  },

  suggestion {
    name = "queues", kind = "table",
    where = "not is_partitioned and not is_system and deleted_rows >= 1_000 and deleted_rows * 2 >= inserted_rows "
      .. "and live_rows * 4 <= deleted_rows",
    order = "deleted_rows",
    title = "Tables that work as queues",
    why = "Almost everything that goes in goes out again: dead rows are most of what a reader walks over.",
    seen = "<<object>>: <<inserted_rows>> rows inserted, <<deleted_rows>> deleted, <<live_rows>> there, <<dead_rows>> dead",
    active = true,
    each = [[
- name: queue-<<slug>>
  why: a queue is slow when its dead rows are many
  for: table
  where: <<where>>
  ensure: vacuum_running or dead_rows <= 1_000 or vacuum_due_ratio <= 50%
  by: vacuum
  with: { truncate: "off" }
  cooldown: 30m
]],
  },

  suggestion {
    name = "big_indexes", kind = "index",
    where = "am = 'btree' and size >= 16MiB and size < 256MiB and not is_system and not is_exclusion and not is_partitioned and extension is null",
    order = "size",
    title = "Indexes below the baseline's 256 MiB",
    why = "btree-bloat of the baseline looks at indexes of 256 MiB and more. Of yours these come next:",
    seen = "<<object>> of <<table>>: <<size>>, bloat <<bloat_ratio>>, <<scans>> scans",
    active = true,
    policies = [[
- name: index-bloat-here
  why: a bloated index costs cache, disk and time
  for: index
  where: >-
    am = 'btree' and size >= 16MiB and size < 256MiB and not is_system and not is_exclusion and not is_partitioned
    and extension is null and may_maintain
  ensure: bloat_ratio <= 60%
  if_unknown: skip
  severity: info
  by: rebuild_index
  cooldown: 30d
  limits: { max_actions: 3 }
]],
  },

  suggestion {
    name = "unused_indexes", kind = "index",
    where = "scans = 0 and size >= 64KiB and is_valid and not is_unique and not supports_constraint and not replica_identity "
      .. "and not is_system and extension is null",
    order = "size",
    title = "Indexes that nobody has read here",
    why = "<<count>> of them: no scan since the counters of this server began. Before one goes: ask the replicas, which count for\n"
      .. "themselves, and wait for a whole business cycle. This only says them; drop_index is the action that would.",
    seen = "<<object>> of <<table>>: <<size>>",
    active = true,
    policies = [[
- name: unused-index
  why: every write keeps it up, and no query here reads it
  for: index
  where: >-
    size >= 64KiB and is_valid and not is_unique and not supports_constraint and not replica_identity and not is_system
    and extension is null
  ensure: scans > 0
  severity: info
]],
  },

  suggestion {
    name = "redundant_indexes", kind = "index",
    where = "(duplicate_of is not null or redundant_to is not null) and not supports_constraint and not is_system and extension is null",
    order = "size",
    title = "Indexes that another one does the work of",
    why = "duplicate-index of the baseline says the equal ones; this also those that begin another.",
    seen = "<<object>> of <<table>>: <<size>>, equal to <<duplicate_of>>, begins <<redundant_to>>",
    active = true,
    policies = [[
- name: redundant-index
  why: every write keeps both, and the longer one answers the same queries
  for: index
  where: not supports_constraint and not replica_identity and not is_unique and not is_system and extension is null
  ensure: redundant_to is null
  severity: info
]],
  },

  suggestion {
    name = "sequences", kind = "sequence", where = "not cycles and used_ratio >= 40%", order = "used_ratio",
    title = "Sequences that have come far",
    why = "key-range of the baseline warns at 75%; to widen a column takes longer than that may leave.",
    seen = "<<object>> (<<type>>) of <<table>>: <<used_ratio>> used, at <<last_value>> of <<limit>>",
    active = true,
    policies = [[
- name: key-range-early
  why: widening a key is a project, not a night's work
  for: sequence
  where: not cycles
  ensure: used_ratio <= 60%
  if_unknown: skip
]],
  },

  suggestion {
    name = "autovacuum_off", kind = "table", where = "not autovacuum_enabled and not is_partitioned and not is_system", order = "size",
    title = "Tables on which autovacuum is switched off",
    why = "Somebody had a reason once.",
    seen = "<<object>>: <<size>>, dead <<dead_ratio>>, since the last vacuum <<vacuum_age>>",
    active = true,
    policies = [[
- name: autovacuum-on
  why: without autovacuum a table bloats, and its transaction ids age
  for: table
  where: not is_partitioned and not is_system
  ensure: autovacuum_enabled
]],
  },

  suggestion {
    name = "no_primary_key", kind = "table",
    where = "not has_primary_key and not is_system and not is_partition and extension is null and type <> 'materialized view'",
    order = "size",
    title = "Tables without a primary key",
    why = "Rows that cannot be told apart cannot be replicated, archived or mended one by one. <<count>> of them:",
    seen = "<<object>>: <<size>>",
    active = true,
    policies = [[
- name: primary-keys
  why: logical replication and archiving need to tell rows apart
  for: table
  where: not is_system and not is_partition and extension is null and type <> 'materialized view'
  ensure: has_primary_key
  severity: info
]],
  },

  suggestion {
    name = "partitions", kind = "table", where = "is_partitioned and not is_system", order = "size",
    title = "Partitioned tables",
    why = "Their statistics are kept by statistics-partitioned of the baseline. Old partitions are detached and dropped by\n"
      .. "you, or by a run_sql policy of your own; upkeep makes no guess which ones.",
    seen = "<<object>>",
  },

  suggestion {
    name = "replicas", kind = "replica", order = "lag_size",
    title = "Replicas: work waits while they are behind",
    why = "`throttle` of the target, in upkeep.yaml. Streaming now:",
    seen = "<<object>>: <<status>>, <<sync_state>>, behind by <<lag_size>>",
    target = [[
throttle: [ replica_lag <= 30s ]   # replicas were seen: work waits while one is behind
]],
  },
}
