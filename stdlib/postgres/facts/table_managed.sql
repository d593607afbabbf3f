-- pg_partman keeps its sets in a table of its own, in a schema that one chooses; timescaledb names the schemas of its chunks itself.
with extensions as materialized (
  select d.objid, e.extname
  from pg_depend d join pg_extension e on e.oid = d.refobjid
  where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
),
configured as materialized (
  select query_to_xml(format('select parent_table from %I.part_config', n.nspname), true, false, '')::text as rows
  from pg_extension e join pg_namespace n on n.oid = e.extnamespace
  where e.extname = 'pg_partman'
    and case when has_schema_privilege(n.oid, 'usage')
      then has_table_privilege(to_regclass(format('%I.part_config', n.nspname)), 'select') end
),
sets as materialized (
  select to_regclass(replace(replace(replace(m[1], '&lt;', '<'), '&gt;', '>'), '&amp;', '&'))::oid as oid
  from configured, regexp_matches(rows, '<parent_table>([^<]*)</parent_table>', 'g') m
),
parts as materialized (
  select h.inhrelid as oid from pg_inherits h join sets s on s.oid = h.inhparent
),
published as materialized (
  -- What pg_publication_tables is made of: the view finds each table anew by its number, and joins by names cost twice as much.
  select t.relid as oid, to_json(array_agg(b.pubname::text order by b.pubname))::text as names, bool_or(b.pubupdate or b.pubdelete) as updates
  from pg_publication b, pg_get_publication_tables(b.pubname::text) t
  group by t.relid
)
select
  n.nspname::text as schema,
  c.relname::text as name,
  e.objid is not null as owned_by_extension,
  case
    when c.oid in (select oid from sets) or c.oid in (select oid from parts) then 'pg_partman'
    when n.nspname like '\_timescaledb\_%' then 'timescaledb'
    when n.nspname = 'repack' then 'pg_repack'
    else e.extname::text
  end as managed_by,
  case c.relreplident when 'd' then 'primary key' when 'i' then 'index' when 'f' then 'full' else 'nothing' end as replica_identity,
  coalesce(p.updates, false) as publishes_updates,
  coalesce(p.names, '[]') as publications,
  case when c.reloptions is null then '[]' else to_json(c.reloptions)::text end as storage_options
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join extensions e on e.objid = c.oid
left join published p on p.oid = c.oid
where c.relkind in ('r', 'm', 'p')
  and c.relpersistence <> 't'
  and n.nspname <> 'upkeep'
  {filter}
