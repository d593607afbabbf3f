insert into upkeep_finding (run, step, kind, name, check_name, damage, detail, started_at, finished_at)
values (?1, ?2, 'database', ?3, 'foreign_key_check', coalesce(?4, 1), ?5, ?6,
  cast(strftime('%s', 'now') as integer) * 1000000)
