-- The newest partition that is a plain table is the model of new ones: what LIKE does not copy, as statements on {new}.
with models as materialized (
  select distinct on (h.inhparent)
    h.inhparent as id, x.oid, x.relname, n.nspname, x.relowner, x.relacl, x.reloptions, x.relreplident, x.relrowsecurity,
    x.relpersistence, x.reltablespace, x.relforcerowsecurity, a.amname
  from pg_inherits h
  join pg_class x on x.oid = h.inhrelid
  join pg_namespace n on n.oid = x.relnamespace
  left join pg_am a on a.oid = x.relam
  where x.relispartition and x.relkind = 'r' and pg_get_expr(x.relpartbound, x.oid) <> 'DEFAULT'
  order by h.inhparent, x.oid desc
),
parts as (
  select
    m.id, 1 as place, 'alter table {new} owner to ' || quote_ident(pg_get_userbyid(m.relowner)) as statement
  from models m
  where m.relowner <> (select oid from pg_roles where rolname = current_user)
  union all
  select m.id, 2, 'alter table {new} set (' || o.option_name || ' = ' || quote_literal(o.option_value) || ')'
  from models m, pg_options_to_table(m.reloptions) o
  union all
  select m.id, 3, 'grant ' || string_agg(lower(a.privilege_type), ', ' order by a.privilege_type) || ' on {new} to '
    || case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end
    || case when a.is_grantable then ' with grant option' else '' end
  from models m, aclexplode(m.relacl) a
  where a.grantee <> m.relowner
  group by m.id, a.grantee, a.is_grantable
  union all
  select m.id, 4, 'create ' || case when i.indisunique then 'unique ' else '' end || 'index on {new} ' || substr(
    pg_get_indexdef(i.indexrelid),
    length('CREATE ' || case when i.indisunique then 'UNIQUE ' else '' end || 'INDEX ' || quote_ident(x.relname) || ' ON '
      || quote_ident(m.nspname) || '.' || quote_ident(m.relname) || ' ') + 1)
  from models m
  join pg_index i on i.indrelid = m.oid and i.indisvalid
  join pg_class x on x.oid = i.indexrelid
  where not x.relispartition
    and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.conrelid = m.oid)
  union all
  select m.id, 5, 'alter table {new} enable row level security' from models m where m.relrowsecurity
  union all
  select m.id, 6, 'alter table {new} force row level security' from models m where m.relforcerowsecurity
  union all
  select m.id, 7, 'alter table {new} replica identity ' || case m.relreplident when 'f' then 'full' else 'nothing' end
  from models m where m.relreplident in ('f', 'n')
)
select
  n.nspname::text as schema,
  c.relname::text as name,
  m.nspname::text as model_schema,
  m.relname::text as model,
  case when m.relpersistence = 'u' then 'unlogged ' else '' end as model_persistence,
  case when m.amname <> current_setting('default_table_access_method') then m.amname::text end as model_method,
  (select t.spcname::text from pg_tablespace t where t.oid = m.reltablespace) as model_tablespace,
  coalesce((select to_json(array_agg(s.statement order by s.place, s.statement))::text from parts s where s.id = p.partrelid), '[]')
    as model_statements,
  -- Of an identity by an index: the index of the set that it belongs to.
  (
    select quote_ident(pn.nspname) || '.' || quote_ident(pi.relname)
    from pg_index i join pg_inherits h on h.inhrelid = i.indexrelid join pg_class pi on pi.oid = h.inhparent
    join pg_namespace pn on pn.oid = pi.relnamespace
    where m.relreplident = 'i' and i.indrelid = m.oid and i.indisreplident
  ) as identity_index,
  coalesce((
    select bool_or(true) from pg_publication_tables t join pg_publication b on b.pubname = t.pubname
    where not b.pubviaroot and t.schemaname = m.nspname and t.tablename = m.relname
  ), false) as published
from pg_partitioned_table p
join pg_class c on c.oid = p.partrelid
join pg_namespace n on n.oid = c.relnamespace
left join models m on m.id = p.partrelid
where c.relpersistence <> 't' and n.nspname <> 'upkeep' {filter}
