with listed as materialized (
  select t.name as tbl, f.id, f.seq, f."from" as col, f."table" as parent, f.on_delete
  from pragma_table_list t, pragma_foreign_key_list(t.name) f
  where t.schema = 'main' and t.type = 'table'
    and t.name not in ('upkeep_ledger', 'upkeep_finding', 'upkeep_saved', 'upkeep_identity')
  order by t.name, f.id, f.seq
),
grouped as materialized (
  -- Two foreign keys on the same columns need one index: the first stands for both.
  select
    tbl,
    id,
    count(*) as width,
    group_concat(col, ',') as name,
    group_concat(format('"%w"', col), ', ') as columns,
    min(parent) as parent,
    lower(min(on_delete)) as on_delete
  from listed
  group by tbl, id
),
k as materialized (
  select * from grouped g
  where g.id = (select min(o.id) from grouped o where o.tbl = g.tbl and o.name = g.name)
)
select
  k.tbl as "table",
  k.name,
  'foreign key' as type,
  k.parent as "references",
  k.on_delete,
  exists (
    select 1
    from pragma_index_list(k.tbl) i
    where i.partial = 0 and k.width = (
      select count(*)
      from listed c
      join pragma_index_info(i.name) n
        on lower(n.name) = lower(c.col) and n.seqno < k.width
      where c.tbl = k.tbl and c.id = k.id
    )
  ) or (
    -- A lone INTEGER PRIMARY KEY is the table's own order.
    k.width = 1 and exists (
      select 1
      from listed c
      join pragma_table_info(k.tbl) x on lower(x.name) = lower(c.col)
      where c.tbl = k.tbl and c.id = k.id and x.pk = 1 and upper(x.type) = 'INTEGER'
        and (select count(*) from pragma_table_info(k.tbl) where pk > 0) = 1
    )
  ) as has_index,
  k.columns
from k
where true {filter}
