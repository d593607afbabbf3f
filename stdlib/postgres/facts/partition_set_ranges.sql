-- Positions: microseconds since 1970 (of the wall clock where the type knows no zone), or ids. The open ends are the ends of bigint.
with home as materialized (
  -- What the session would have without upkeep, which sets UTC.
  select reset_val as zone from pg_settings where name = 'TimeZone'
),
sets as materialized (
  select
    p.partrelid as id, n.nspname, c.relname, k.opcintype::regtype::text as key_type,
    case when k.opcintype in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) then 'id' else 'time' end as sort,
    case when k.opcintype = 'timestamptz'::regtype then
      (extract(epoch from statement_timestamp()) * 1000000)::bigint
    else (extract(epoch from statement_timestamp() at time zone (select zone from home)) * 1000000)::bigint
    end as now_at,
    -- The last number that a sequence of the key has given.
    (
      select max(pg_sequence_last_value(q.oid))
      from pg_depend d join pg_class q on q.oid = d.objid and q.relkind = 'S'
      where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = p.partrelid
        and d.refobjsubid = p.partattrs[0] and p.partattrs[0] <> 0 and d.deptype in ('a', 'i')
        and has_sequence_privilege(q.oid, 'usage, select')
    ) as given
  from pg_partitioned_table p
  join pg_class c on c.oid = p.partrelid
  join pg_namespace n on n.oid = c.relnamespace
  join pg_opclass k on k.oid = p.partclass[0]
  where c.relpersistence <> 't' and n.nspname <> 'upkeep' and p.partstrat = 'r' and p.partnatts = 1
    and k.opcintype in ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype, 'int2'::regtype, 'int4'::regtype, 'int8'::regtype)
    {filter}
),
bounds as materialized (
  select
    s.id, s.sort, s.key_type, x.oid as part, x.relname, x.relnamespace, x.relkind, pg_get_expr(x.relpartbound, x.oid) as bound,
    x.relpages > 0 or pg_stat_get_tuples_inserted(x.oid) > 0 as used
  from sets s
  join pg_inherits h on h.inhparent = s.id
  join pg_class x on x.oid = h.inhrelid
  where pg_get_expr(x.relpartbound, x.oid) like 'FOR VALUES FROM %' and not coalesce((to_jsonb(h) ->> 'inhdetachpending')::bool, false)
),
texts as materialized (
  select b.*, substring(bound from 'FROM \(''?([^'')]*)') as low, substring(bound from 'TO \(''?([^'')]*)') as high from bounds b
),
ranges as materialized (
  select
    t.*,
    case
      when low in ('MINVALUE', '-infinity') then -9223372036854775808
      when sort = 'id' then low::bigint
      when key_type = 'timestamp with time zone' then (extract(epoch from low::timestamptz) * 1000000)::bigint
      else (extract(epoch from low::timestamp) * 1000000)::bigint
    end as first,
    case
      when high in ('MAXVALUE', 'infinity') then 9223372036854775807
      when sort = 'id' then high::bigint
      when key_type = 'timestamp with time zone' then (extract(epoch from high::timestamptz) * 1000000)::bigint
      else (extract(epoch from high::timestamp) * 1000000)::bigint
    end as last
  from texts t
),
closed as materialized (
  select r.*, row_number() over (partition by id order by last desc) as from_end
  from ranges r
  where first > -9223372036854775808 and last < 9223372036854775807
),
-- Where the set's bounds fall on midnights: the first zone in which they do.
zones (zone, rank) as (
  select zone, min(rank) from (
    select 'UTC' as zone, 0 as rank
    union all select zone, 1 from home
    union all
    select substr(e, strpos(e, '=') + 1), 2
    from pg_db_role_setting r, unnest(r.setconfig) e
    where lower(split_part(e, '=', 1)) = 'timezone'
  ) z group by zone
),
walls as materialized (
  select
    c.id, c.relname, c.from_end, z.zone, z.rank, c.first, c.last,
    case when c.key_type = 'timestamp with time zone' then c.low::timestamptz at time zone z.zone else c.low::timestamp end as low,
    case when c.key_type = 'timestamp with time zone' then c.high::timestamptz at time zone z.zone else c.high::timestamp end as high
  from closed c join zones z on c.sort = 'time' and (z.zone = 'UTC' or c.key_type = 'timestamp with time zone')
  where c.from_end <= 12
),
measured as (
  select
    w.id, w.zone, w.rank,
    case
      when bool_and(low = date_trunc('month', low) and high = date_trunc('month', high)) then
        case when count(distinct (extract(year from high) - extract(year from low)) * 12 + extract(month from high) - extract(month from low)) = 1
          then max((extract(year from high) - extract(year from low)) * 12 + extract(month from high) - extract(month from low))::bigint
        end
    end as months,
    case when bool_and(low = date_trunc('day', low) and high = date_trunc('day', high)) and count(distinct high - low) = 1
      then extract(day from max(high - low))::bigint
    end as days,
    case when count(distinct last - first) = 1 then max(last - first) end as micros
  from walls w
  group by w.id, w.zone, w.rank
),
steps as materialized (
  select distinct on (m.id) m.id, m.zone, m.months, case when m.months is null then m.days end as days,
    case when m.months is null and m.days is null then m.micros end as micros
  from measured m
  where m.months is not null or m.days is not null or (m.micros is not null and m.zone = 'UTC')
  order by m.id, m.months is null, m.days is null, m.rank
),
id_steps as materialized (
  select id, case when count(distinct last - first) = 1 then max(last - first) end as ids
  from closed where sort = 'id' and from_end <= 12 group by id
),
formats (format, fineness) as (
  values ('YYYYMMDDHH24MI', 0), ('YYYYMMDD_HH24MI', 0), ('YYYY_MM_DD_HH24MI', 0), ('YYYYMMDDHH24', 1), ('YYYYMMDD_HH24', 1),
    ('YYYY_MM_DD_HH24', 1), ('YYYY-MM-DD-HH24', 1),
    ('YYYYMMDD', 2), ('YYYY_MM_DD', 2), ('YYYY-MM-DD', 2), ('"y"YYYY"m"MM"d"DD', 2), ('YYMMDD', 2),
    ('IYYY"w"IW', 3), ('IYYY"W"IW', 3), ('IYYY_"w"IW', 3), ('IYYY_IW', 3),
    ('YYYYMM', 4), ('YYYY_MM', 4), ('YYYY-MM', 4), ('"y"YYYY"m"MM', 4), ('YYMM', 4),
    ('YYYY"q"Q', 5), ('YYYY"Q"Q', 5), ('YYYY_"q"Q', 5), ('YYYY_Q', 5), ('YYYY', 6)
),
-- Weeks name only weeks: 3 fits a step of seven days and nothing else.
suffixes as (
  select w.id, f.format, w.relname, to_char(w.low, f.format) as suffix
  from walls w
  join steps s on s.id = w.id and s.zone = w.zone
  join formats f on f.fineness <= case
      when s.months % 12 = 0 then 6 when s.months % 3 = 0 then 5 when s.months is not null then 4
      when s.days = 7 then 3 when s.days is not null then 2 when s.micros % 3600000000 = 0 then 1 else 0 end
    and (f.fineness <> 3 or s.days = 7)
  where w.from_end <= 6
  union all
  select c.id, v.format, c.relname, v.suffix
  from closed c
  join id_steps s on s.id = c.id and s.ids > 0
  cross join lateral (
    values ('first', c.first::text), ('last', (c.last - 1)::text), ('end', c.last::text),
      ('number', case when c.first % s.ids = 0 then (c.first / s.ids)::text end)
  ) v (format, suffix)
  where c.from_end <= 6
),
names as materialized (
  select distinct on (id) id, format, prefix
  from (
    select id, format, min(left(relname, -length(suffix))) as prefix, min(length(suffix)) as length
    from suffixes
    group by id, format
    having bool_and(suffix is not null and right(relname, length(suffix)) = suffix)
      and count(distinct left(relname, -length(suffix))) = 1
  ) n
  order by id, length desc, format
),
-- The partition that is written to now, or would be.
positions as materialized (
  select
    s.id,
    case
      when s.sort = 'time' then s.now_at
      else coalesce(
        greatest(s.given, max(r.first) filter (where r.used), min(r.first) filter (where r.first > -9223372036854775808)), 0)
    end as at
  from sets s left join ranges r on r.id = s.id
  group by s.id, s.sort, s.now_at, s.given
),
islands as (
  select id, first, last, sum(case when first is distinct from before then 1 else 0 end) over (partition by id order by first) as island
  from (select r.id, r.first, r.last, lag(r.last) over (partition by r.id order by r.first) as before from ranges r) b
),
chains as materialized (
  select i.id, max(i.last) as last, count(*) filter (where i.first > p.at) as ahead
  from islands i join positions p on p.id = i.id
  group by i.id, i.island, p.at
  having min(i.first) <= p.at and max(i.last) > p.at
),
ends as materialized (
  select
    s.id, p.at, c.id is not null as covered, coalesce(c.ahead, 0) as ahead,
    coalesce(c.last, case when max(r.last) <= p.at then max(r.last) end) as edge,
    min(r.first) filter (where r.first > coalesce(c.last, p.at)) as next_bound,
    count(r.id) as ranges
  from sets s
  join positions p on p.id = s.id
  left join chains c on c.id = s.id
  left join ranges r on r.id = s.id
  group by s.id, p.at, c.id, c.ahead, c.last
),
past as (
  select
    r.id, r.part, r.relname, n.nspname, r.bound, p.at - r.last as age,
    row_number() over (partition by r.id order by r.last) as place
  from ranges r join positions p on p.id = r.id join pg_namespace n on n.oid = r.relnamespace
  where r.last <= p.at
),
oldest as materialized (
  select
    id,
    max(age) as age,
    to_json(array_agg(nspname::text order by place) filter (where place <= 32))::text as schemas,
    to_json(array_agg(relname::text order by place) filter (where place <= 32))::text as names,
    to_json(array_agg(bound order by place) filter (where place <= 32))::text as bounds,
    to_json(array_agg(age::text order by place) filter (where place <= 32))::text as ages,
    count(*) as partitions
  from past group by id
)
select
  s.nspname::text as schema,
  s.relname::text as name,
  case
    when t.months = 1 then 'monthly' when t.months = 3 then 'quarterly' when t.months = 12 then 'yearly'
    when t.months is not null then t.months || ' months'
    when t.days = 1 then 'daily' when t.days = 7 then 'weekly'
    when t.days is not null then t.days || ' days'
    when t.micros = 3600000000 then 'hourly'
    when t.micros is not null then t.micros / 1000000 || ' seconds'
    when i.ids is not null then i.ids || ' ids'
  end as interval,
  case
    when e.ranges = 0 then 'it has no partition to go by'
    when num_nonnulls(t.months, t.days, t.micros, i.ids) = 0 then 'its newest partitions differ in size'
  end as "interval.reason",
  case when s.key_type = 'timestamp with time zone' then t.zone end as timezone,
  t.months as step_months,
  t.days as step_days,
  coalesce(t.micros, i.ids) as step_size,
  case when e.edge < 9223372036854775807 then e.ahead end as partitions_ahead,
  case
    when e.ranges = 0 then 'it has no partition to go by'
    when e.edge = 9223372036854775807 then 'its last partition has no end'
    when e.edge is null then 'no partition takes what is written now, and later ones are there'
  end as "partitions_ahead.reason",
  case when s.sort = 'time' and e.edge < 9223372036854775807 then greatest(0, e.edge - e.at) end as ahead_time,
  case
    when s.sort <> 'time' then 'its bounds are no times'
    when e.ranges = 0 then 'it has no partition to go by'
    when e.edge = 9223372036854775807 then 'its last partition has no end'
    when e.edge is null then 'no partition takes what is written now, and later ones are there'
  end as "ahead_time.reason",
  case when s.sort = 'time' then coalesce(o.age, 0) end as oldest_partition_age,
  case when s.sort <> 'time' then 'its bounds are no times' end as "oldest_partition_age.reason",
  coalesce(o.partitions, 0) as partitions_behind,
  case
    when s.key_type = 'timestamp with time zone' and t.zone <> 'UTC' then (extract(epoch from
      (timestamptz 'epoch' + e.at * interval '1 microsecond') at time zone t.zone) * 1000000)::bigint
    when abs(e.at) < 9007199254740992 then e.at
  end as position,
  case
    when e.edge = 9223372036854775807 then null
    when s.key_type = 'timestamp with time zone' and t.zone <> 'UTC' then (extract(epoch from
      (timestamptz 'epoch' + e.edge * interval '1 microsecond') at time zone t.zone) * 1000000)::bigint
    when abs(e.edge) < 9007199254740992 then e.edge
  end as edge,
  case
    when s.key_type = 'timestamp with time zone' and t.zone <> 'UTC' then (extract(epoch from
      (timestamptz 'epoch' + e.next_bound * interval '1 microsecond') at time zone t.zone) * 1000000)::bigint
    when abs(e.next_bound) < 9007199254740992 then e.next_bound
  end as next_bound,
  f.format as name_format,
  f.prefix as name_prefix,
  coalesce(o.schemas, '[]') as past_schemas,
  coalesce(o.names, '[]') as past_names,
  coalesce(o.bounds, '[]') as past_bounds,
  coalesce(o.ages, '[]') as past_ages
from sets s
join ends e on e.id = s.id
left join steps t on t.id = s.id
left join id_steps i on i.id = s.id
left join names f on f.id = s.id
left join oldest o on o.id = s.id
