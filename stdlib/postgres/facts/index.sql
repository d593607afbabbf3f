with settings as (
  select
    current_setting('block_size')::bigint as block_size,
    current_setting('server_version_num')::int as version
),
owners as materialized (
  select oid, pg_has_role(oid, 'usage') as mine from pg_roles
),
needed as materialized (
  select distinct conindid as oid from pg_constraint where conindid <> 0
),
excluding as materialized (
  select conindid as oid from pg_constraint where contype = 'x'
),
extensions as materialized (
  select d.objid, e.extname
  from pg_depend d join pg_extension e on e.oid = d.refobjid
  where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
),
building as materialized (
  select distinct relid from pg_stat_progress_create_index where datname = current_database()
)
select
  n.nspname::text as schema,
  c.relname::text as name,
  t.relname::text as "table",
  m.amname::text as am,
  n.nspname in ('pg_catalog', 'information_schema') as is_system,
  e.extname::text as extension,
  case c.relpersistence when 'u' then 'unlogged' else 'permanent' end as persistence,
  greatest(c.relpages, 0) * s.block_size as size,
  case when c.reltuples >= 0 and not (c.reltuples = 0 and c.relpages = 0 and s.version < 140000)
    then c.reltuples::bigint
  end as rows,
  case when c.reltuples < 0 or (c.reltuples = 0 and c.relpages = 0 and s.version < 140000)
    then 'never vacuumed or analysed'
  end as "rows.reason",
  i.indisvalid as is_valid,
  i.indisready and i.indislive as is_ready,
  b.relid is not null as build_running,
  not i.indisvalid and c.relname::text ~ '_cc(new|old)[0-9]*$' as leftover,
  i.indisunique as is_unique,
  i.indisprimary as is_primary,
  k.oid is not null as supports_constraint,
  i.indisreplident or (t.relreplident = 'd' and i.indisprimary) as replica_identity,
  i.indisclustered as clustered,
  x.oid is not null as is_exclusion,
  c.relkind = 'I' as is_partitioned,
  c.relispartition as is_partition,
  c.relkind = 'I' and not i.indisvalid as parent_incomplete,
  i.indexprs is not null as expression,
  i.indpred is not null as partial,
  w.mine or case when s.version >= 170000 then has_table_privilege(t.oid, 'maintain') else false end as may_maintain,
  w.mine as is_owned
from settings s
cross join pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_class t on t.oid = i.indrelid
join pg_namespace n on n.oid = c.relnamespace
join pg_am m on m.oid = c.relam
join owners w on w.oid = t.relowner
left join needed k on k.oid = i.indexrelid
left join excluding x on x.oid = i.indexrelid
left join extensions e on e.objid = i.indrelid
left join building b on b.relid = i.indrelid
where t.relkind in ('r', 'm', 'p')
  and c.relpersistence <> 't'
  and n.nspname <> 'upkeep'
  {filter}
