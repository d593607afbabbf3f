-- Columns that came with 16 (conflicting) and 17 (invalidation_reason, failover) are read by name.
with versions as (
  select current_setting('server_version_num')::int as number
)
select
  s.slot_name::text as name,
  case
    when s.slot_type = 'physical' then false
    when v.number >= 160000 then coalesce((to_jsonb(s) ->> 'conflicting')::bool, false)
  end as conflicting,
  case when s.slot_type <> 'physical' and v.number < 160000 then 'the server tells it from PostgreSQL 16 on' end as "conflicting.reason",
  case
    when v.number >= 170000 then to_jsonb(s) ->> 'invalidation_reason'
    when s.wal_status = 'lost' and s.slot_type = 'physical' then 'wal_removed'
  end as invalidation_reason,
  case
    when s.wal_status is distinct from 'lost' then 'it is valid'
    when v.number < 170000 and s.slot_type <> 'physical' then 'the server tells it from PostgreSQL 17 on'
  end as "invalidation_reason.reason",
  case when v.number >= 170000 then coalesce((to_jsonb(s) ->> 'failover')::bool, false) end as failover,
  case when v.number < 170000 then 'slots are kept over a failover from PostgreSQL 17 on' end as "failover.reason"
from pg_replication_slots s, versions v
where true {filter}
