with home as materialized (
  -- What the session would have without upkeep, which sets UTC.
  select reset_val as zone from pg_settings where name = 'TimeZone'
),
ranges as materialized (
  select
    h.inhparent as set_id, x.oid, n.nspname, x.relname, x.relkind, x.reltuples, x.relpages, k.opcintype,
    pg_get_expr(x.relpartbound, x.oid) as bound,
    case when p.partstrat = 'r' and p.partnatts = 1
      then substring(pg_get_expr(x.relpartbound, x.oid) from 'FROM \(''?([^'')]*)')
    end as low,
    case when p.partstrat = 'r' and p.partnatts = 1
      then substring(pg_get_expr(x.relpartbound, x.oid) from 'TO \(''?([^'')]*)')
    end as high,
    coalesce((to_jsonb(h) ->> 'inhdetachpending')::bool, false) as detaching
  from pg_inherits h
  join pg_partitioned_table p on p.partrelid = h.inhparent
  left join pg_opclass k on k.oid = p.partclass[0]
  join pg_class x on x.oid = h.inhrelid
  join pg_namespace n on n.oid = x.relnamespace
  where x.relispartition and n.nspname <> 'upkeep' and x.relpersistence <> 't' {filter}
),
ends as (
  select
    r.*,
    case
      when high is null or high in ('MAXVALUE', 'infinity') then null
      when opcintype = 'timestamptz'::regtype then high::timestamptz
      when opcintype in ('date'::regtype, 'timestamp'::regtype) then high::timestamp at time zone (select zone from home)
    end as ended,
    case
      when low in ('MINVALUE', '-infinity') then '-infinity'::timestamptz
      when opcintype = 'timestamptz'::regtype then low::timestamptz
      when opcintype in ('date'::regtype, 'timestamp'::regtype) then low::timestamp at time zone (select zone from home)
    end as began
  from ranges r
)
select
  e.nspname::text as schema,
  e.relname::text as name,
  pn.nspname::text as set_schema,
  pc.relname::text as set,
  current_database()::text as database,
  e.low as lower_bound,
  e.high as upper_bound,
  e.bound = 'DEFAULT' as is_default,
  case when e.began is not null then e.began <= statement_timestamp() and coalesce(e.ended > statement_timestamp(), true) end as is_current,
  case when e.began is null then 'its bounds are no times' end as "is_current.reason",
  case when e.began is not null
    then greatest(0, coalesce((extract(epoch from statement_timestamp() - e.ended) * 1000000)::bigint, 0))
  end as age,
  case when e.began is null then 'its bounds are no times' end as "age.reason",
  case when e.reltuples >= 0 and not (e.reltuples = 0 and e.relpages = 0 and current_setting('server_version_num')::int < 140000)
    then e.reltuples::bigint
  end as rows,
  case when e.reltuples < 0 or (e.reltuples = 0 and e.relpages = 0) then 'never vacuumed or analysed' end as "rows.reason",
  greatest(e.relpages, 0) * current_setting('block_size')::bigint as size,
  e.detaching
from ends e
join pg_class pc on pc.oid = e.set_id
join pg_namespace pn on pn.oid = pc.relnamespace
