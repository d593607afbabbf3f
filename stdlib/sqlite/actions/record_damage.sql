-- A check that could not end counts as one fault, with the error's words.
insert into upkeep_finding (run, step, kind, name, check_name, damage, detail, started_at, finished_at)
values (?1, ?2, 'database', ?3, ?4, coalesce(?5, 1), coalesce(?6, ?7), ?8,
  cast(strftime('%s', 'now') as integer) * 1000000)
