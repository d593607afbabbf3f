-- The database's own collation, and those of columns within this database.
with used as (
  select exists (
    select from pg_collation c
    where c.collversion is not null
      and c.collversion is distinct from pg_collation_actual_version(c.oid)
      and exists (select from pg_depend p where p.refclassid = 'pg_collation'::regclass and p.refobjid = c.oid)
  ) as drifted
)
select
  d.datname::text as name,
  case
    when d.datname = current_database() and u.drifted then true
    when d.datcollversion is null then false
    else d.datcollversion is distinct from pg_database_collation_actual_version(d.oid)
  end as collation_drift,
  null::text as "collation_drift.reason"
from pg_database d, used u
where true {filter}
