with feeds as materialized (
  -- A sequence that a column owns or is made of ends where the column's type ends.
  select distinct on (d.objid) d.objid, t.relname, a.attname, a.atttypid
  from pg_depend d
  join pg_class t on t.oid = d.refobjid
  join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
  where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
    and d.refobjsubid > 0 and d.deptype in ('a', 'i')
  order by d.objid, d.refobjid, d.refobjsubid
),
listed as materialized (
  select
    n.nspname,
    c.relname,
    c.relowner,
    s.seqtypid,
    s.seqcycle,
    s.seqincrement,
    s.seqmin,
    s.seqmax,
    f.relname as table_name,
    f.attname as column_name,
    f.atttypid as column_type,
    case
      when has_sequence_privilege(c.oid, 'select, usage') then pg_sequence_last_value(c.oid)
    end as last_value,
    has_sequence_privilege(c.oid, 'select, usage') as readable,
    case when s.seqincrement > 0 then least(s.seqmax, case f.atttypid
      when 'int2'::regtype then 32767 when 'int4'::regtype then 2147483647
    end) else greatest(s.seqmin, case f.atttypid
      when 'int2'::regtype then -32768 when 'int4'::regtype then -2147483648
    end) end as final
  from pg_sequence s
  join pg_class c on c.oid = s.seqrelid
  join pg_namespace n on n.oid = c.relnamespace
  left join feeds f on f.objid = c.oid
  where c.relpersistence <> 't'
    and n.nspname <> 'upkeep'
    {filter}
)
select
  l.nspname::text as schema,
  l.relname::text as name,
  format_type(l.seqtypid, null) as type,
  l.table_name::text as "table",
  l.column_name::text as "column",
  l.seqcycle as cycles,
  format_type(l.column_type, null) as column_type,
  l.seqincrement as increment,
  l.seqmax::text as max_value,
  l.last_value,
  case
    when not l.readable then 'the role may not read the sequence'
    when l.last_value is null then 'not used yet'
  end as "last_value.reason",
  l.final as "limit",
  case
    when not l.readable then null
    when l.last_value is null then 0
    when l.seqincrement > 0
      then least(1000000, greatest(0, (l.last_value::numeric - l.seqmin) * 1000000
        / greatest(1, l.final::numeric - l.seqmin)))::bigint
    else least(1000000, greatest(0, (l.seqmax - l.last_value::numeric) * 1000000
      / greatest(1, l.seqmax - l.final::numeric)))::bigint
  end as used_ratio,
  case when not l.readable then 'the role may not read the sequence' end as "used_ratio.reason",
  pg_has_role(l.relowner, 'usage') as is_owned
from listed l
