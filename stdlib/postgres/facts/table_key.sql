-- The largest key, which the index of the primary key has at its end.
with chosen as materialized (
  select
    n.nspname,
    c.relname,
    a.attname,
    case a.atttypid when 'int2'::regtype then 32767 when 'int4'::regtype then 2147483647 else 9223372036854775807 end as final,
    case
      when n.nspname in ('pg_catalog', 'information_schema') then 'it belongs to the server'
      when i.indexrelid is null then 'it has no primary key'
      when a.atttypid not in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) then 'its primary key does not begin with an integer'
      when not has_column_privilege(c.oid, a.attnum, 'select') then 'the role may not read the column'
      when row_security_active(c.oid) then 'this role sees only some of its rows'
      when pg_is_in_recovery() and c.relpersistence = 'u' then 'an unlogged table has no pages on a replica'
    end as reason
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_index i on i.indrelid = c.oid and i.indisprimary and i.indisvalid
  left join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
  where c.relkind in ('r', 'm', 'p')
    and c.relpersistence <> 't'
    and n.nspname <> 'upkeep'
    {filter}
),
read as materialized (
  select
    h.*,
    case when h.reason is null
      then query_to_xml(format('select coalesce(greatest(0, max(%I)), 0) as last from %I.%I', h.attname, h.nspname, h.relname), true, true, '')::text
    end as answer
  from chosen h
)
select
  r.nspname::text as schema,
  r.relname::text as name,
  (substring(r.answer from '<last>([0-9]+)</last>')::numeric * 1000000 / r.final)::bigint as key_used_ratio,
  r.reason as "key_used_ratio.reason"
from read r
