-- A column that an update may set to itself: the smallest, since nothing of it is written twice then.
select
  n.nspname::text as schema,
  c.relname::text as name,
  (
    select quote_ident(a.attname) from pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity <> 'a'
    order by a.attlen <= 0, a.attlen, a.attnum limit 1
  ) as touch_column,
  (
    select count(*) from pg_trigger t
    where t.tgrelid = c.oid and not t.tgisinternal and t.tgenabled <> 'D' and t.tgtype & 16 <> 0
  ) + (select count(*) from pg_rewrite r where r.ev_class = c.oid and r.ev_type = '2' and r.ev_enabled <> 'D') as update_effects,
  (select count(*) from pg_constraint k where k.conrelid = c.oid and k.contype in ('c', 'f') and not k.convalidated) as unproved,
  exists (select from pg_publication_tables p where p.schemaname = n.nspname and p.tablename = c.relname) as published
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm', 'p')
  and c.relpersistence <> 't'
  and n.nspname <> 'upkeep'
  {filter}
