with recursive limits as (
  select
    current_setting('autovacuum_freeze_max_age')::bigint as freeze_max_age,
    current_setting('autovacuum_multixact_freeze_max_age')::bigint as mxid_freeze_max_age,
    current_setting('block_size')::bigint as block_size,
    current_setting('server_version_num')::int as version,
    coalesce((select rolsuper from pg_roles where rolname = current_user), false)
      or exists (select from pg_roles where rolname = 'pg_maintain' and pg_has_role(oid, 'usage')) as maintains_all,
    exists (
      select from pg_database
      where datname = current_database() and pg_has_role(datdba, 'usage')
    ) as owns_database
),
owners as materialized (
  select oid, rolname, pg_has_role(oid, 'usage') as mine from pg_roles
),
index_pages as materialized (
  select i.indrelid, sum(greatest(x.relpages, 0))::bigint as pages, bool_or(i.indisprimary) as has_primary_key
  from pg_index i join pg_class x on x.oid = i.indexrelid
  group by i.indrelid
),
extensions as materialized (
  select d.objid, e.extname
  from pg_depend d join pg_extension e on e.oid = d.refobjid
  where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
),
options as materialized (
  select
    c.oid,
    max(o.option_value) filter (where o.option_name = 'autovacuum_enabled')::bool as enabled,
    max(o.option_value) filter (where o.option_name = 'autovacuum_freeze_max_age')::bigint as freeze_max_age,
    max(o.option_value) filter (where o.option_name = 'autovacuum_multixact_freeze_max_age')::bigint
      as mxid_freeze_max_age
  from pg_class c, pg_options_to_table(c.reloptions) o
  where c.reloptions is not null and c.relkind in ('r', 'm', 'p')
  group by c.oid
),
above_foreign (oid) as (
  -- What foreign tables are parts of, and what that is a part of.
  select h.inhparent
  from pg_inherits h join pg_class f on f.oid = h.inhrelid
  where f.relkind = 'f'
  union
  select h.inhparent
  from above_foreign b join pg_inherits h on h.inhrelid = b.oid
)
select
  n.nspname::text as schema,
  c.relname::text as name,
  current_database()::text as database,
  case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' else 'materialized view' end as type,
  w.rolname::text as owner,
  l.maintains_all or w.mine or (l.owns_database and not c.relisshared)
    or case when l.version >= 170000 then has_table_privilege(c.oid, 'maintain') else false end as may_maintain,
  n.nspname in ('pg_catalog', 'information_schema') as is_system,
  e.extname::text as extension,
  case c.relpersistence when 'u' then 'unlogged' else 'permanent' end as persistence,
  c.relkind = 'p' as is_partitioned,
  c.relispartition as is_partition,
  b.oid is not null as has_foreign_parts,
  case when c.reltuples >= 0 and not (c.reltuples = 0 and c.relpages = 0 and l.version < 140000)
    then c.reltuples::bigint
  end as rows,
  case when c.reltuples < 0 or (c.reltuples = 0 and c.relpages = 0 and l.version < 140000)
    then 'never vacuumed or analysed'
  end as "rows.reason",
  -- An analyze of a partitioned table leaves -1 there (14).
  greatest(c.relpages, 0) * l.block_size as size,
  coalesce(p.pages, 0) * l.block_size as index_size,
  coalesce(t.relpages, 0) * l.block_size as toast_size,
  case when c.relkind <> 'p' then greatest(age(c.relfrozenxid), age(t.relfrozenxid)) end as xid_age,
  case when c.relkind = 'p' then 'a partitioned table has no rows of its own' end as "xid_age.reason",
  case when c.relkind <> 'p' then greatest(mxid_age(c.relminmxid), mxid_age(t.relminmxid)) end as mxid_age,
  case when c.relkind = 'p' then 'a partitioned table has no rows of its own' end as "mxid_age.reason",
  case when c.relkind <> 'p' then greatest(
    greatest(age(c.relfrozenxid), age(t.relfrozenxid))::bigint * 1000000
      / least(l.freeze_max_age, o.freeze_max_age),
    greatest(mxid_age(c.relminmxid), mxid_age(t.relminmxid))::bigint * 1000000
      / least(l.mxid_freeze_max_age, o.mxid_freeze_max_age)
  ) end as freeze_due_ratio,
  case when c.relkind = 'p' then 'a partitioned table has no rows of its own' end as "freeze_due_ratio.reason",
  coalesce(p.has_primary_key, false) as has_primary_key,
  coalesce(o.enabled, true) as autovacuum_enabled,
  w.mine as is_owned
from limits l
cross join pg_class c
join pg_namespace n on n.oid = c.relnamespace
join owners w on w.oid = c.relowner
left join pg_class t on t.oid = c.reltoastrelid and c.reltoastrelid <> 0
left join index_pages p on p.indrelid = c.oid
left join extensions e on e.objid = c.oid
left join options o on o.oid = c.oid
left join above_foreign b on b.oid = c.oid
where c.relkind in ('r', 'm', 'p')
  and c.relpersistence <> 't'
  and n.nspname <> 'upkeep'
  {filter}
