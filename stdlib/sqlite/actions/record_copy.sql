-- 'ok', or one fault a line. A copy that could not be made or read counts as one fault, with the error's words.
insert into upkeep_finding (run, step, kind, name, check_name, damage, detail, started_at, finished_at)
values (?1, ?2, 'backup', ?3, ?4,
  case
    when ?5 = 'ok' then 0
    when ?5 is null then 1
    else length(?5) - length(replace(?5, char(10), '')) + 1
  end,
  case when ?5 <> 'ok' then ?5 else ?6 end,
  ?7, cast(strftime('%s', 'now') as integer) * 1000000)
