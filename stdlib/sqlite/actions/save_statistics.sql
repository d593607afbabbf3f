-- sqlite_stat1 is not there before the first ANALYZE.
insert into upkeep_saved (run, step, kind, name, what, content, saved_at)
select ?1, ?2, 'table', ?3, 'sqlite_stat1',
  case
    when exists (select 1 from sqlite_schema where name = 'sqlite_stat1')
    then upkeep_value(format(
      'select json_group_array(json_array(idx, stat)) from main.sqlite_stat1 where tbl = %Q', ?3))
    else '[]'
  end,
  cast(strftime('%s', 'now') as integer) * 1000000
