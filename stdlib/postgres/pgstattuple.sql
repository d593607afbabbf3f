-- Installed in this database, and this role may call both.
select coalesce(bool_and(has_function_privilege(p.oid, 'execute') and has_schema_privilege(p.pronamespace, 'usage')), false)
from pg_catalog.pg_extension e
join pg_catalog.pg_proc p on p.pronamespace = e.extnamespace
where e.extname = 'pgstattuple'
  and (p.proname = 'pgstattuple_approx' or p.proname = 'pgstatindex' and p.proargtypes[0] = 'pg_catalog.regclass'::regtype)
