select
  i.name,
  case when e.sessions then coalesce(o.age, 0) end as xmin_horizon_age,
  case when not e.sessions then 'needs the role pg_read_all_stats to see other sessions' end as "xmin_horizon_age.reason",
  case when not e.sessions then null when o.age is null then 0 else (o.held_s * 1000000)::bigint end as xmin_horizon_held_for,
  case when not e.sessions then 'needs the role pg_read_all_stats to see other sessions'
    when o.age is not null and o.held_s is null then o.untold end as "xmin_horizon_held_for.reason",
  case when e.sessions then o.source end as xmin_horizon_source,
  case when e.sessions then o.holder end as xmin_horizon_holder,
  case when e.sessions then o.pid end as xmin_horizon_pid,
  case when e.sessions then o.transaction end as xmin_horizon_transaction,
  case when e.sessions then coalesce(s.age, 0) end as xmin_session_age,
  case when not e.sessions then 'needs the role pg_read_all_stats to see other sessions' end as "xmin_session_age.reason",
  case when e.sessions then s.pid end as xmin_session_pid,
  case when e.sessions then coalesce(r.age, 0) end as xmin_replica_age,
  case when not e.sessions then 'needs the role pg_read_all_stats to see other sessions' end as "xmin_replica_age.reason",
  case when e.sessions then r.pid end as xmin_replica_pid,
  coalesce(l.age, 0) as xmin_slot_age,
  l.slot as xmin_slot,
  coalesce(p.age, 0) as xmin_prepared_age,
  p.prepared as xmin_prepared,
  coalesce(c.age, 0) as catalog_xmin_age,
  c.slot as catalog_xmin_slot,
  c.holder as catalog_xmin_holder
from (select 'instance' as name) i
cross join seen e
left join (select * from named order by age desc, source, holder limit 1) o on true
left join (select * from named where source = 'session' order by age desc, pid limit 1) s on true
left join (select * from named where source = 'replica' order by age desc, pid limit 1) r on true
left join (select * from named where source = 'slot' order by age desc, slot limit 1) l on true
left join (select * from named where source = 'prepared transaction' order by age desc, prepared limit 1) p on true
left join (
  select
    age(catalog_xmin)::bigint as age,
    slot_name::text as slot,
    format('slot %s, %s, catalog_xmin %s, %s transactions ago', slot_name,
      case when active then 'read by pid ' || active_pid else 'read by nobody' end, catalog_xmin, age(catalog_xmin)) as holder
  from pg_replication_slots
  where catalog_xmin is not null and wal_status is distinct from 'lost'
  order by 1 desc, 2
  limit 1
) c on true
where true {filter}
