-- Loaded by the server, of a version with execution times (1.8), and this role may read it.
select coalesce(bool_and(has_table_privilege(c.oid, 'select') and has_schema_privilege(c.relnamespace, 'usage')), false)
  and coalesce(count(*) > 0, false)
  and current_setting('pg_stat_statements.max', true) is not null
from pg_catalog.pg_extension e
join pg_catalog.pg_class c on c.relnamespace = e.extnamespace and c.relname = 'pg_stat_statements'
join pg_catalog.pg_attribute t on t.attrelid = c.oid and t.attname = 'total_exec_time'
where e.extname = 'pg_stat_statements'
