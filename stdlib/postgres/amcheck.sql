select bool_and(has_function_privilege(p.oid, 'execute'))
from pg_catalog.pg_extension e
join pg_catalog.pg_depend d
  on d.refclassid = 'pg_catalog.pg_extension'::regclass and d.refobjid = e.oid
  and d.classid = 'pg_catalog.pg_proc'::regclass
join pg_catalog.pg_proc p on p.oid = d.objid
where e.extname = 'amcheck' and p.proname in ('bt_index_check', 'verify_heapam')
