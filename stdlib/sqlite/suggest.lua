-- What `upkeep init --from` makes of an SQLite database. docs/extending.md, "Suggestions".
return {
  suggestion {
    name = "baseline",
    use = "std/sqlite-baseline",
    why = "Until you have read what it would drop, this only says it. Take the override away to let plans do it.",
    checks = { "sqlite-duplicate-index" },
  },

  suggestion {
    name = "room", kind = "database",
    title = "Size",
    why = "A file that is twice what it is today should have been expected. Today: <<size>>, of which <<free_size>> hold nothing;\n"
      .. "<<tables>> tables, <<indexes>> indexes, journal <<journal_mode>>.",
    let = { limit = "size * 2" },
    active = true,
    policies = [[
- name: size-as-expected
  why: growth beyond this is worth a look at what grows
  for: database
  ensure: size <= <<limit>>
  severity: info
]],
  },

  suggestion {
    name = "free_space", kind = "database", where = "free_size >= 1MiB and free_size < 64MiB and free_ratio > 10%",
    title = "Free space below the baseline's 64 MiB",
    why = "The baseline compacts a file that has 64 MiB to give back. Here <<free_ratio>> is free, <<free_size>>: if that matters to you,\n"
      .. "say `vars: { free_size_min: 1MiB }` in `use`, and give the policy a window: compacting writes the whole file.",
  },

  suggestion {
    name = "large_tables", kind = "table", where = "rows >= 10_000", order = "rows",
    title = "Large tables: the planner should know what is in them",
    why = "The baseline asks for statistics within a factor of two; of these, within a quarter.",
    seen = "<<object>>: <<rows>> rows, <<size>>; statistics say <<stats_rows>>",
    active = true,
    policies = [[
- name: large-tables-statistics
  why: a plan for a tenth of the rows is slow for all of them
  for: table
  where: rows >= 10_000
  ensure: not never_analyzed and stats_rows_ratio between 75% and 133%
  by: refresh_statistics
  cooldown: 1h
]],
  },

  suggestion {
    name = "retention", kind = "table", where = "rows >= 1_000 and time_column ~ '^[a-z_][a-z0-9_]*$' and type = 'table'", order = "rows",
    title = "Tables with a date: how long are their rows wanted?",
    why = "If they may go one day, say when: archive_rows moves them to a table of its own, expire_rows deletes them. Choose the\n"
      .. "time, then take the comment signs away.",
    seen = "<<object>>: <<rows>> rows, <<size>>, by <<time_column>>",
    each = [[
- name: retention-<<slug>>
  why: rows are kept for a year; older ones are in the archive table
  for: table
  where: <<where>>
  ensure: oldest_row_age(<<time_column>>) <= 365d
  by: archive_rows
  with: { column: <<yaml:time_column>>, older_than: 365d }
]],
  },

  suggestion {
    name = "redundant_indexes", kind = "index", where = "(duplicate_of is not null or redundant_to is not null) and not supports_constraint",
    order = "size",
    title = "Indexes that another one does the work of",
    why = "Said by sqlite-duplicate-index of the baseline; with its remedy back in place a plan drops them, and can put them back.",
    seen = "<<object>> of <<table>>: <<size>>, equal to <<duplicate_of>>, begins <<redundant_to>>",
  },

  suggestion {
    name = "no_primary_key", kind = "table", where = "not has_primary_key and type = 'table'", order = "rows",
    title = "Tables without a primary key",
    why = "<<count>> of them:",
    seen = "<<object>>: <<rows>> rows",
    active = true,
    policies = [[
- name: primary-keys
  why: rows without a key cannot be told apart
  for: table
  where: type = 'table'
  ensure: has_primary_key
  severity: info
]],
  },
}
