-- Columns that came later (17: inactive_since, synced) are read by name, so that one text serves all versions.
with position as (
  select case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end as lsn
),
allowed as (
  select setting::bigint * 1048576 as size from pg_settings where name = 'max_slot_wal_keep_size'
)
select
  s.slot_name::text as name,
  s.slot_type as kind,
  s.database::text as database,
  s.plugin::text as plugin,
  s.active,
  s.temporary,
  s.wal_status as status,
  case when s.wal_status is null then 'the slot has reserved nothing yet' end as "status.reason",
  case when s.restart_lsn is not null and p.lsn is not null
    then greatest(0, pg_wal_lsn_diff(p.lsn, s.restart_lsn))::bigint
  end as retained_size,
  case
    when s.restart_lsn is null then 'the slot reserves nothing'
    when p.lsn is null then 'this replica has received nothing yet'
  end as "retained_size.reason",
  case
    when a.size > 0 and s.restart_lsn is not null
    then (greatest(0, pg_wal_lsn_diff(p.lsn, s.restart_lsn)) * 1000000 / a.size)::bigint
  end as retained_ratio,
  case
    when a.size < 0 then 'max_slot_wal_keep_size is unlimited'
    when a.size = 0 or s.restart_lsn is null then 'the slot reserves nothing'
  end as "retained_ratio.reason",
  case
    when s.active then 0
    else (extract(epoch from clock_timestamp() - (to_jsonb(s) ->> 'inactive_since')::timestamptz) * 1000000)::bigint
  end as inactive_for,
  case when not s.active and to_jsonb(s) ->> 'inactive_since' is null
    then 'the server keeps this from PostgreSQL 17 on'
  end as "inactive_for.reason",
  coalesce(age(s.xmin), 0) as xmin_age,
  coalesce(age(s.catalog_xmin), 0) as catalog_xmin_age,
  coalesce((to_jsonb(s) ->> 'synced')::bool, false) as synced
from pg_replication_slots s, position p, allowed a
where true {filter}
