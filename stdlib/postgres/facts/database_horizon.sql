select
  d.datname::text as name,
  case when e.sessions then coalesce(o.age, 0) end as xmin_horizon_age,
  case when not e.sessions then 'needs the role pg_read_all_stats to see other sessions' end as "xmin_horizon_age.reason",
  case when not e.sessions then null when o.age is null then 0 else (o.held_s * 1000000)::bigint end as xmin_horizon_held_for,
  case when not e.sessions then 'needs the role pg_read_all_stats to see other sessions'
    when o.age is not null and o.held_s is null then o.untold end as "xmin_horizon_held_for.reason",
  case when e.sessions then o.source end as xmin_horizon_source,
  case when e.sessions then o.holder end as xmin_horizon_holder,
  case when e.sessions then o.pid end as xmin_horizon_pid,
  case when e.sessions then o.session end as xmin_horizon_session,
  case when e.sessions then o.slot end as xmin_horizon_slot,
  case when e.sessions then o.prepared end as xmin_horizon_prepared
from pg_database d
cross join seen e
left join lateral (
  select * from named h where h.datid is null or h.datid = d.oid order by h.age desc, h.source, h.holder limit 1
) o on true
where true {filter}
