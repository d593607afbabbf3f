select
  l.name,
  (
    -- By its type, or where types say little by its name.
    select c.name
    from pragma_table_info(l.name) c
    where upper(c.type) like '%DATE%' or upper(c.type) like '%TIME%'
      or lower(c.name) like '%\_at' escape '\' or lower(c.name) in ('created', 'timestamp', 'time', 'date', 'ts')
    order by lower(c.name) like 'creat%' desc, c.cid
    limit 1
  ) as time_column
from pragma_table_list l
where l.schema = 'main'
  and l.type in ('table', 'virtual')
  and l.name not like 'sqlite\_%' escape '\'
  and l.name not in ('upkeep_ledger', 'upkeep_finding', 'upkeep_saved', 'upkeep_identity')
  {filter}
