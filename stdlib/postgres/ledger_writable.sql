select not pg_catalog.pg_is_in_recovery() and not exists (
  select from pg_catalog.pg_database
  where age(datfrozenxid) > 2147483647 - 40000000 or mxid_age(datminmxid) > 2147483647 - 40000000
)
