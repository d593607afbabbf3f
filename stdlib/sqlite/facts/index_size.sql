select
  i.name,
  s.pgsize as size,
  s.unused as bloat_size,
  case when s.pgsize > 0 then s.unused * 1000000 / s.pgsize end as bloat_ratio
from sqlite_schema i
join dbstat s on s.name = i.name and s.aggregate = 1
where i.type = 'index'
  and i.rootpage > 0
  and i.tbl_name not in ('upkeep_ledger', 'upkeep_finding', 'upkeep_saved', 'upkeep_identity')
  and i.tbl_name not like 'sqlite\_%' escape '\'
  {filter}
