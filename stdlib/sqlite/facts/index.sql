with wanted (name, tbl_name) as materialized (
  select w.name, w.tbl_name
  from sqlite_schema w
  where w.type = 'index'
    and w.tbl_name not in ('upkeep_ledger', 'upkeep_finding', 'upkeep_saved', 'upkeep_identity')
    and w.tbl_name not like 'sqlite\_%' escape '\'
    {filter}
),
statements (name, sql) as materialized (
  select name, sql from sqlite_schema where type = 'index'
),
listed as materialized (
  -- Every index of the tables in question, the survivors among them.
  select t.name as tbl, l.name, l."unique" as is_unique, l.origin, l.partial, s.sql
  from (select distinct tbl_name as name from wanted) t, pragma_index_list(t.name) l
  join statements s on s.name = l.name
),
keyed as materialized (
  select
    x.*,
    (
      select group_concat(format('%d,%d,%s;', k.cid, k."desc", lower(k.coll)), '')
      from (select * from pragma_index_xinfo(x.name) where key = 1 order by seqno) k
    ) as signature,
    (
      select group_concat(
        case
          when k.cid = -2 then '(expression)'
          when k.cid = -1 then 'rowid'
          else format('"%w"', k.name)
        end
          || case when upper(k.coll) <> 'BINARY' then ' collate ' || lower(k.coll) else '' end
          || case when k."desc" then ' desc' else '' end, ', ')
      from (select * from pragma_index_xinfo(x.name) where key = 1 order by seqno) k
    ) as keys,
    exists (select 1 from pragma_index_xinfo(x.name) where key = 1 and cid = -2) as expression,
    -- Expressions and conditions are compared as they are written.
    substr(x.sql, instr(upper(x.sql), ' ON ')) as written
  from listed x
),
plain as materialized (
  -- Who is kept of several equal ones: what a constraint made, what is unique, the first by name.
  select
    k.*,
    first_value(k.name) over same as kept,
    row_number() over same as place
  from keyed k
  window same as (
    partition by k.tbl, k.signature,
      case when k.partial or k.expression then k.written else '' end
    order by k.origin <> 'c' desc, k.is_unique desc, k.name
  )
)
select
  p.name,
  p.tbl as "table",
  p.is_unique,
  p.origin = 'pk' as is_primary,
  p.origin <> 'c' as supports_constraint,
  p.partial,
  p.expression,
  p.keys,
  exists (
    select 1
    from (
      select f.id, count(*) as width, group_concat(format('"%w"', f."from"), ', ') as columns
      from pragma_foreign_key_list(p.tbl) f group by f.id
    ) f
    where not p.partial and not p.expression
      and f.width = (
        select count(*)
        from pragma_foreign_key_list(p.tbl) c
        join pragma_index_info(p.name) n
          on lower(n.name) = lower(c."from") and n.seqno < f.width
        where c.id = f.id
      )
  ) as fk_support,
  p.sql as definition,
  case when p.sql is null then 'made by a constraint of its table' end as "definition.reason",
  case when p.place > 1 then p.kept end as duplicate_of,
  case when not p.is_unique and not p.partial and not p.expression then (
    select o.name
    from plain o
    where o.tbl = p.tbl and o.place = 1 and not o.partial and not o.expression
      and length(o.signature) > length(p.signature)
      and substr(o.signature, 1, length(p.signature)) = p.signature
    order by length(o.signature) desc, o.name
    limit 1
  ) end as redundant_to,
  null as unused_for,
  'SQLite does not count how often an index is used' as "unused_for.reason"
from plain p
where p.name in (select name from wanted)
