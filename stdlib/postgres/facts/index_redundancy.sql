-- Joins go by keys that are null where a row cannot take part: conditions on computed columns would make the planner expect
-- a handful of rows, and compare all indexes with all.
with wanted as materialized (
  select i.indexrelid, i.indrelid, n.nspname, c.relname
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
  join pg_namespace n on n.oid = c.relnamespace
  join pg_class t on t.oid = i.indrelid
  where t.relkind in ('r', 'm', 'p')
    and c.relpersistence <> 't'
    and n.nspname <> 'upkeep'
    {filter}
),
begun as materialized (
  -- Every usable index of the tables in question, the survivors among them, with how many begin with the same column.
  select i.indexrelid, count(*) over (partition by i.indrelid, i.indkey[0]) as alike
  from pg_index i
  where i.indisvalid and i.indisready and i.indislive
    and i.indrelid in (select indrelid from wanted)
),
pool as materialized (
  select
    i.indexrelid,
    i.indrelid,
    c.relname,
    c.relam,
    i.indisunique,
    i.indisunique and i.indimmediate as checks_at_once,
    i.indnatts,
    i.indnkeyatts,
    i.indkey::text || ' ' as keys,
    i.indclass::text || ' ' as classes,
    i.indcollation::text || ' ' as collations,
    i.indoption::text || ' ' as options,
    -- Where in its statement an expression stood makes it no other one.
    coalesce(regexp_replace(i.indexprs::text, ':location -?[0-9]+', '', 'g'), '') as expressions,
    coalesce(regexp_replace(i.indpred::text, ':location -?[0-9]+', '', 'g'), '') as predicate,
    k.conindid is not null as needed,
    i.indisprimary,
    i.indisreplident,
    i.indisclustered
  from begun b
  join pg_index i on i.indexrelid = b.indexrelid
  join pg_class c on c.oid = i.indexrelid
  left join (select distinct conindid from pg_constraint where conindid <> 0) k on k.conindid = i.indexrelid
  where b.alike > 1
    -- NULLS NOT DISTINCT (15) makes a unique index another one.
    and coalesce(to_jsonb(i) ->> 'indnullsnotdistinct', 'false') = 'false'
),
ranked as materialized (
  select
    p.*,
    row_number() over same as place,
    first_value(p.relname) over same as kept,
    -- What refuses equal rows can be spared only for another that does, at the same time.
    first_value(p.indisunique) over same >= p.indisunique
      and first_value(p.checks_at_once) over same >= p.checks_at_once as spared
  from pool p
  window same as (
    partition by p.indrelid, p.relam, p.keys, p.indnkeyatts, p.classes, p.collations, p.options,
      p.expressions, p.predicate
    order by p.indisprimary desc, p.needed desc, p.indisunique desc, p.indisreplident desc, p.indisclustered desc,
      p.relname
  )
),
trees as materialized (
  select
    r.*,
    case when r.place = 1 and r.expressions = '' and m.amname = 'btree' then r.indrelid end as longer_of,
    case
      when (r.place = 1 or r.spared) and r.expressions = '' and m.amname = 'btree'
        and not r.indisunique and r.indnatts = r.indnkeyatts
      then r.indrelid
    end as shorter_of
  from ranked r
  join pg_am m on m.oid = r.relam
),
redundant as materialized (
  select distinct on (a.indexrelid) a.indexrelid, o.relname
  from trees a
  join trees o
    on o.longer_of = a.shorter_of
    and o.indnkeyatts > a.indnkeyatts
    and o.predicate = a.predicate
    and starts_with(o.keys, a.keys)
    and starts_with(o.classes, a.classes)
    and starts_with(o.collations, a.collations)
    and starts_with(o.options, a.options)
  order by a.indexrelid, o.indnkeyatts desc, o.relname
),
foreign_keys as materialized (
  select conrelid, array(select unnest(conkey) order by 1) as columns, cardinality(conkey) as width
  from pg_constraint
  where contype = 'f' and conrelid in (select indrelid from wanted)
),
supporting as materialized (
  select distinct i.indexrelid
  from foreign_keys f
  join pg_index i on i.indrelid = f.conrelid
  where f.width <= i.indnkeyatts
    and i.indpred is null and i.indisvalid
    and f.columns = array(
      select k from unnest((string_to_array(i.indkey::text, ' ')::int2[])[1:f.width]) k order by k
    )
)
select
  w.nspname::text as schema,
  w.relname::text as name,
  s.indexrelid is not null as fk_support,
  case when r.place > 1 and r.spared then r.kept::text end as duplicate_of,
  d.relname::text as redundant_to
from wanted w
left join ranked r on r.indexrelid = w.indexrelid
left join redundant d on d.indexrelid = w.indexrelid
left join supporting s on s.indexrelid = w.indexrelid
