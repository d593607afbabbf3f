-- Bytes an entry now over those right after the last rebuild: what pg_index_watch goes by, free of a formula's errors. Both pages and entries
-- are as the last vacuum or analyze saw them.
with best as materialized (
  select distinct on (schema_name, name)
    schema_name, name, (content::json ->> 'size')::bigint as size, (content::json ->> 'rows')::bigint as entries, saved_at
  from upkeep.saved
  where kind = 'index' and what = 'baseline'
  order by schema_name, name, id desc
),
seen as (
  select
    n.nspname, c.relname, b.size, b.entries, b.saved_at,
    greatest(c.relpages, 0)::numeric * current_setting('block_size')::bigint as now_size,
    greatest(c.reltuples, 0)::numeric as now_entries,
    case
      when b.size is null then 'upkeep has not rebuilt it with `baseline`'
      when b.entries < 1000 or c.reltuples < 1000 then 'it has fewer than 1,000 entries'
    end as reason
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
  join pg_class t on t.oid = i.indrelid
  join pg_namespace n on n.oid = c.relnamespace
  left join best b on b.schema_name = n.nspname and b.name = c.relname
  where t.relkind in ('r', 'm', 'p')
    and c.relpersistence <> 't'
    and n.nspname <> 'upkeep'
    {filter}
)
select
  s.nspname::text as schema,
  s.relname::text as name,
  s.size as best_size,
  case when s.size is null then s.reason end as "best_size.reason",
  case when s.reason is null then (s.now_size * s.entries * 1000000 / (s.now_entries * s.size))::bigint end as size_to_best_ratio,
  s.reason as "size_to_best_ratio.reason",
  greatest(0, (extract(epoch from clock_timestamp() - s.saved_at) * 1000000)::bigint) as best_age,
  case when s.size is null then s.reason end as "best_age.reason"
from seen s
