-- Collations whose library sorts differently from when they were recorded, and what was built by them and not rebuilt by upkeep since.
drifted as materialized (
  select c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.collname) as name, pg_collation_actual_version(c.oid) as version,
    pg_has_role(c.collowner, 'usage') as is_owned
  from pg_collation c
  join pg_namespace n on n.oid = c.collnamespace
  where c.collversion is not null
    and exists (select from pg_depend p where p.refclassid = 'pg_collation'::regclass and p.refobjid = c.oid)
    and c.collversion is distinct from pg_collation_actual_version(c.oid)
  {own}
),
rebuilt as materialized (
  select distinct on (schema_name, name) schema_name, name, content
  from {saved}
  where kind = 'index' and what = 'collation'
  order by schema_name, name, id desc
),
stale as (
  select i.indexrelid, i.indrelid, n.nspname, c.relname, c.relkind, v.versions,
    v.versions is not null and r.content is distinct from v.versions as is_stale
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
  join pg_class t on t.oid = i.indrelid
  join pg_namespace n on n.oid = c.relnamespace
  left join lateral (
    -- Those of its keys, and those in its expressions and its predicate.
    select string_agg(d.name || ' ' || coalesce(d.version, '-'), ', ' order by d.name) as versions
    from drifted d
    where d.oid = any (i.indcollation)
      or exists (
        select from pg_depend p
        where p.classid = 'pg_class'::regclass and p.objid = i.indexrelid and p.refclassid = 'pg_collation'::regclass
          and p.refobjid = d.oid
      )
  ) v on true
  left join rebuilt r on r.schema_name = n.nspname and r.name = c.relname
  where t.relkind in ('r', 'm', 'p')
    and c.relpersistence <> 't'
    and n.nspname <> 'upkeep'
)
