-- A scan of a large table for one value would be a surprise: there an index must begin with the column.
with chosen as materialized (
  select
    n.nspname,
    c.relname,
    a.attname,
    case
      when not has_column_privilege(c.oid, a.attnum, 'select') then 'the role may not read the column'
      when a.atttypid not in ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype)
        then 'the column is neither date nor timestamp'
      when c.reltuples > 1000000 and not exists (
        select from pg_index i
        where i.indrelid = c.oid and i.indisvalid and i.indpred is null and i.indkey[0] = a.attnum
      ) then 'no index begins with the column, and the table has more than a million rows'
    end as reason
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attname = {argument.text} and a.attnum > 0 and not a.attisdropped
  where c.relkind in ('r', 'm', 'p')
    and c.relpersistence <> 't'
    and n.nspname not in ('upkeep', 'pg_catalog', 'information_schema')
    {filter}
),
read as materialized (
  select
    h.*,
    case when h.reason is null then query_to_xml(
      format(
        'select coalesce(greatest(0, extract(epoch from clock_timestamp() - min(%I)::timestamptz) * 1000000), 0)::bigint as age from %I.%I',
        h.attname, h.nspname, h.relname
      ), true, true, '')::text
    end as answer
  from chosen h
)
select
  r.nspname::text as schema,
  r.relname::text as name,
  substring(r.answer from '<age>([0-9]+)</age>')::bigint as age,
  r.reason as reason
from read r
