with referenced (name, keys) as materialized (
  -- One row a foreign key: its first column. Names of tables know no case.
  select lower(f."table"), count(*)
  from sqlite_schema s, pragma_foreign_key_list(s.name) f
  where s.type = 'table' and f.seq = 0
  group by 1
),
triggers (name, count) as materialized (
  select lower(tbl_name), count(*) from sqlite_schema where type = 'trigger' group by 1
)
select
  l.name,
  coalesce(g.count, 0) as triggers,
  coalesce(r.keys, 0) as referenced_by
from pragma_table_list l
left join referenced r on r.name = lower(l.name)
left join triggers g on g.name = lower(l.name)
where l.schema = 'main'
  and l.type in ('table', 'virtual')
  and l.name not like 'sqlite\_%' escape '\'
  and l.name not in ('upkeep_ledger', 'upkeep_finding', 'upkeep_saved', 'upkeep_identity')
  {filter}
