with i as (select 'instance' as name)
select
  i.name,
  pg_size_bytes(current_setting('shared_buffers')) as shared_buffers,
  n.nspname::text as prewarm_schema,
  case when n.oid is null then 'the extension pg_prewarm is not in this database' end as "prewarm_schema.reason"
from i
left join pg_extension e on e.extname = 'pg_prewarm'
left join pg_namespace n on n.oid = e.extnamespace
where true {filter}
