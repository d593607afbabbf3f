-- Four sources hold back vacuum; catalog_xmin of slots holds back catalogues only and is left out.
with i as (select 'instance' as name),
holders as (
  select
    age(backend_xmin) as age,
    case backend_type when 'walsender' then 'replica' else 'session' end as source,
    format('pid %s, role %s, %s', pid, coalesce(usename::text, '-'), coalesce(nullif(application_name, ''), backend_type))
      as holder,
    extract(epoch from clock_timestamp() - xact_start) as held_s
  from pg_stat_activity
  where backend_xmin is not null
    and pid <> pg_backend_pid()
    and pid not in (select pid from pg_stat_progress_vacuum)
  union all
  select age(xmin), 'slot', slot_name::text, null
  from pg_replication_slots
  where xmin is not null
  union all
  select age(transaction), 'prepared transaction', gid, extract(epoch from clock_timestamp() - prepared)
  from pg_prepared_xacts
),
oldest as (
  select * from holders order by age desc, source, holder limit 1
)
select
  i.name,
  coalesce(o.age, 0) as xmin_horizon_age,
  case when o.age is null then 0 else (o.held_s * 1000000)::bigint end as xmin_horizon_held_for,
  case when o.age is not null and o.held_s is null then 'a ' || o.source || ' does not tell since when' end
    as "xmin_horizon_held_for.reason",
  o.source as xmin_horizon_source,
  o.holder as xmin_horizon_holder
from i left join oldest o on true
where true {filter}
