select
  l.name,
  max(0, cast(strftime('%s', 'now') as integer) * 1000000 - f.finished_at) as validation_age,
  case when f.finished_at is null then 'never validated' end as "validation_age.reason"
from pragma_table_list l
left join (
  select name, max(finished_at) as finished_at from upkeep_finding
  where kind = 'table' and check_name = 'validate_data'
  group by name
) f on f.name = l.name
where l.schema = 'main'
  and l.type in ('table', 'virtual')
  and l.name not like 'sqlite\_%' escape '\'
  and l.name not in ('upkeep_ledger', 'upkeep_finding', 'upkeep_saved', 'upkeep_identity')
  {filter}
