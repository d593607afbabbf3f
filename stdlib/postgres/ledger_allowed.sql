-- Names of schemas that the role may not use are errors to to_regclass.
select case
    when n.oid is null then has_database_privilege(current_database(), 'create')
    when c.oid is null then has_schema_privilege(n.oid, 'create')
    else has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') and has_table_privilege(c.oid, 'insert')
      and has_table_privilege(c.oid, 'update')
  end
from (select 'upkeep'::name as wanted) w
left join pg_catalog.pg_namespace n on n.nspname = w.wanted
left join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = 'lease'
