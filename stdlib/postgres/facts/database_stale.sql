-- What has to be done before the new versions may be recorded. Rows of range partitions stand where the old order put them.
with {stale},
parted as (
  select count(*) as tables
  from pg_partitioned_table p
  where p.partstrat = 'r'
    and exists (select from drifted d where d.oid = any (p.partcollation))
)
select
  d.datname::text as name,
  case when d.datname = current_database() then (select string_agg(name, ', ' order by name) from drifted) end as drifted_collations,
  case
    when d.datname <> current_database() then 'another database: make it a target'
    when not exists (select from drifted) then 'the library sorts as it did'
  end as "drifted_collations.reason",
  case when d.datname = current_database() then (select coalesce(bool_and(is_owned), true) from drifted) end as owns_collations,
  case when d.datname <> current_database() then 'another database: make it a target' end as "owns_collations.reason",
  case when d.datname = current_database() then (select count(*) from stale where is_stale and relkind = 'i') end as stale_indexes,
  case when d.datname <> current_database() then 'another database: make it a target' end as "stale_indexes.reason",
  case when d.datname = current_database() then (select tables from parted) end as stale_partitioned_tables,
  case when d.datname <> current_database() then 'another database: make it a target' end as "stale_partitioned_tables.reason"
from pg_database d
where true {filter}
