select
  l.name,
  l.type,
  l.wr as without_rowid,
  l.strict as is_strict,
  exists (select 1 from pragma_table_info(l.name) where pk > 0) as has_primary_key,
  l.ncol as columns,
  (select count(*) from pragma_index_list(l.name)) as indexes,
  (
    select group_concat(format('"%w"', x.name), ', ')
    from (select name from pragma_table_xinfo(l.name) where hidden = 0 order by cid) x
  ) as writable_columns,
  case
    when l.type <> 'table' then null
    when l.wr then (
      select group_concat(format('"%w"', k.name), ', ')
      from (select name from pragma_table_info(l.name) where pk > 0 order by pk) k
    )
    else (
      select k.name
      from (select 1 as place, 'rowid' as name union all select 2, '_rowid_' union all select 3, 'oid') k
      where not exists (select 1 from pragma_table_xinfo(l.name) c where lower(c.name) = k.name)
      order by k.place limit 1
    )
  end as row_key
from pragma_table_list l
where l.schema = 'main'
  and l.type in ('table', 'virtual')
  and l.name not like 'sqlite\_%' escape '\'
  and l.name not in ('upkeep_ledger', 'upkeep_finding', 'upkeep_saved', 'upkeep_identity')
  {filter}
