with l as materialized (
  select name
  from pragma_table_list l
  where l.schema = 'main'
    and l.type = 'table'
    and l.name not like 'sqlite\_%' escape '\'
    and l.name not in ('upkeep_ledger', 'upkeep_finding', 'upkeep_saved', 'upkeep_identity')
    {filter}
),
measured as materialized (
  select l.name, s.pgsize, s.unused
  from l
  join dbstat s on s.name = l.name and s.aggregate = 1
)
select
  m.name,
  m.pgsize as size,
  coalesce((
    select sum(s.pgsize)
    from sqlite_schema i
    join dbstat s on s.name = i.name and s.aggregate = 1
    where i.type = 'index' and i.tbl_name = m.name and i.rootpage > 0
  ), 0) as index_size,
  m.unused as bloat_size,
  case when m.pgsize > 0 then m.unused * 1000000 / m.pgsize end as bloat_ratio
from measured m
