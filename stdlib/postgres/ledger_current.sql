select to_regclass('upkeep.log') is not null or exists (select from pg_catalog.pg_publication where puballtables) or not coalesce((
  select pg_has_role(c.relowner, 'usage') and has_schema_privilege(c.relnamespace, 'create')
  from pg_catalog.pg_class c where c.oid = to_regclass('upkeep.ledger')), false)
