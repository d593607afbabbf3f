-- Before 15 the version of a database's own collation is recorded nowhere.
select
  d.datname::text as name,
  case
    when d.datname = current_database() and exists (
      select from pg_collation c
      where c.collversion is not null
        and c.collversion is distinct from pg_collation_actual_version(c.oid)
        and exists (select from pg_depend p where p.refclassid = 'pg_collation'::regclass and p.refobjid = c.oid)
    ) then true
    when d.datcollate in ('C', 'POSIX') then false
  end as collation_drift,
  case when d.datcollate not in ('C', 'POSIX')
    then 'the version of a database''s collation is recorded from PostgreSQL 15 on'
  end as "collation_drift.reason"
from pg_database d
where true {filter}
