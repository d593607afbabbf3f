union all
  select 100, '(database)', pg_database_collation_actual_version(d.oid), pg_has_role(d.datdba, 'usage')
  from pg_database d
  where d.datname = current_database()
    and d.datcollversion is not null
    and d.datcollversion is distinct from pg_database_collation_actual_version(d.oid)
