with {stale}
select
  s.nspname::text as schema,
  s.relname::text as name,
  {is_stale} as collation_drift,
  case when {is_stale} is null then 'the version of a database''s collation is recorded from PostgreSQL 15 on' end as "collation_drift.reason",
  s.versions as collation_versions,
  case when s.versions is null then 'the library sorts as it did' end as "collation_versions.reason"
from stale s
join pg_index i on i.indexrelid = s.indexrelid
where true
  {filter}
