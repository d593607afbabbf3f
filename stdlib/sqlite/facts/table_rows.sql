with counted as materialized (
  select
    l.name,
    l.type,
    case when l.type = 'table'
      then upkeep_value(format('select count(*) from main."%w"', l.name))
    end as rows
  from pragma_table_list l
  where l.schema = 'main'
    and l.type in ('table', 'virtual')
    and l.name not like 'sqlite\_%' escape '\'
    and l.name not in ('upkeep_ledger', 'upkeep_finding', 'upkeep_saved', 'upkeep_identity')
    {filter}
),
statistics (kept) as materialized (
  -- sqlite_stat1 is not there before the first ANALYZE. Of one table only its own rows are read.
  select case
    when exists (select 1 from sqlite_schema where name = 'sqlite_stat1')
    then upkeep_value(
      'select json_group_array(json_array(tbl, idx, cast(stat as integer))) from sqlite_stat1'
      || case
        when (select count(*) from counted) = 1
        then (select format(' where tbl = %Q collate nocase', name) from counted)
        else ''
      end)
    else '[]'
  end
),
kept (tbl, idx, rows) as materialized (
  select j.value ->> 0, j.value ->> 1, j.value ->> 2
  from statistics s, json_each(s.kept) j
),
partial (name) as materialized (
  select i.name
  from pragma_table_list l, pragma_index_list(l.name) i
  where l.schema = 'main' and l.type = 'table' and i.partial = 1
    {filter}
),
known (tbl, rows) as materialized (
  -- A partial index counts its own rows only.
  select lower(tbl), max(rows) from kept
  where idx is null or idx not in (select name from partial)
  group by 1
)
select
  c.name,
  c.rows,
  case when c.rows is null then 'rows of a virtual table are not counted' end as "rows.reason",
  k.rows as stats_rows,
  case when k.rows is null then 'never analysed' end as "stats_rows.reason",
  case when c.rows > 0 then k.rows * 1000000 / c.rows end as stats_rows_ratio,
  case
    when c.rows is null then 'rows of a virtual table are not counted'
    when c.rows = 0 then 'the table is empty'
    when k.rows is null then 'never analysed'
  end as "stats_rows_ratio.reason",
  coalesce(c.rows > 0 and k.rows is null, false) as never_analyzed,
  case when c.rows > 0 then (
    select count(*) from pragma_index_list(c.name) i
    where i.partial = 0
      and not exists (
        select 1 from kept s
        where s.idx = i.name
          or (s.tbl = c.name and s.idx = c.name and i.origin = 'pk')
      )
  ) else 0 end as indexes_without_statistics
from counted c
left join known k on k.tbl = lower(c.name)
