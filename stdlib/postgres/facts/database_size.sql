select
  d.datname::text as name,
  case
    when has_database_privilege(d.oid, 'connect') or pg_has_role('pg_read_all_stats', 'usage')
    then pg_database_size(d.oid)
  end as size,
  case
    when not (has_database_privilege(d.oid, 'connect') or pg_has_role('pg_read_all_stats', 'usage'))
    then 'needs the right to connect to it, or the role pg_read_all_stats'
  end as "size.reason"
from pg_database d
where true {filter}
