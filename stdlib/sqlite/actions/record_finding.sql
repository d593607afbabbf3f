insert into upkeep_finding (run, step, kind, name, check_name, damage, detail, started_at, finished_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, cast(strftime('%s', 'now') as integer) * 1000000)
