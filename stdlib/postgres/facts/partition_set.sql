with recursive sets as materialized (
  select
    p.partrelid as id, n.nspname, c.relname, p.partdefid, p.partstrat, p.partnatts,
    k.opcintype::regtype::text as key_type,
    case when p.partattrs[0] <> 0
      then (select quote_ident(a.attname) from pg_attribute a where a.attrelid = p.partrelid and a.attnum = p.partattrs[0])
      else pg_get_expr(p.partexprs, p.partrelid)
    end as key
  from pg_partitioned_table p
  join pg_class c on c.oid = p.partrelid
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_opclass k on k.oid = p.partclass[0]
  where c.relpersistence <> 't' and n.nspname <> 'upkeep' {filter}
),
below (set_id, part, relkind) as (
  select s.id, h.inhrelid, x.relkind
  from sets s join pg_inherits h on h.inhparent = s.id join pg_class x on x.oid = h.inhrelid
  union all
  select b.set_id, h.inhrelid, x.relkind
  from below b join pg_inherits h on h.inhparent = b.part join pg_class x on x.oid = h.inhrelid
  where b.relkind = 'p'
),
totals as materialized (
  select
    b.set_id,
    count(*) filter (where x.reltuples < 0) as uncounted,
    sum(greatest(x.reltuples, 0))::bigint as rows,
    sum((greatest(x.relpages, 0) + coalesce(t.relpages, 0))::bigint * current_setting('block_size')::bigint)::bigint as size
  from below b join pg_class x on x.oid = b.part left join pg_class t on t.oid = x.reltoastrelid and x.reltoastrelid <> 0
  where b.relkind = 'r'
  group by b.set_id
),
direct as materialized (
  select h.inhparent as set_id, count(*) as partitions
  from pg_inherits h where h.inhparent in (select id from sets) group by h.inhparent
)
select
  s.nspname::text as schema,
  s.relname::text as name,
  current_database()::text as database,
  case s.partstrat when 'r' then 'range' when 'l' then 'list' else 'hash' end as strategy,
  case when s.partnatts = 1 then s.key end as key,
  s.key_type,
  coalesce(d.partitions, 0) - (s.partdefid <> 0)::int as partitions,
  case when f.oid is not null then quote_ident(fn.nspname) || '.' || quote_ident(f.relname) end as default_partition,
  case when f.oid is null then 0
    when f.relkind = 'r' and (f.reltuples >= 0 or f.relpages > 0 or pg_stat_get_live_tuples(f.oid) > 0)
      then greatest(f.reltuples::bigint, pg_stat_get_live_tuples(f.oid))
    when f.relkind = 'r' and pg_stat_get_tuples_inserted(f.oid) = 0 then 0
  end as default_rows,
  case when f.relkind <> 'r' then 'the default partition is no ordinary table'
    when f.reltuples < 0 and f.relpages = 0 and pg_stat_get_live_tuples(f.oid) = 0 and pg_stat_get_tuples_inserted(f.oid) > 0
      then 'the default partition was never counted'
  end as "default_rows.reason",
  case when coalesce(t.uncounted, 0) = 0 then coalesce(t.rows, 0) end as rows,
  case when t.uncounted > 0 then 'some partitions were never analysed' end as "rows.reason",
  coalesce(t.size, 0) as size,
  (
    select string_agg(quote_ident(k.conname) || ' of ' || k.conrelid::regclass::text, ', ' order by k.conname, k.oid)
    from pg_constraint k where k.contype = 'f' and k.confrelid = s.id and k.conparentid = 0
  ) as referenced_by,
  (
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
    from pg_attribute a where a.attrelid = s.id and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
  ) as writable_columns
from sets s
left join pg_class f on f.oid = s.partdefid and s.partdefid <> 0
left join pg_namespace fn on fn.oid = f.relnamespace
left join totals t on t.set_id = s.id
left join direct d on d.set_id = s.id
