-- Clones share the system identifier; the timeline tells a promoted copy from its origin. On a primary it stands in the name
-- of the current WAL file at once, in the control file only after the next checkpoint.
select
  split_part(current_setting('server_version'), ' ', 1) as version,
  case when pg_is_in_recovery() then 'replica' else 'primary' end as role,
  (extract(epoch from clock_timestamp()) * 1000000)::bigint as taken_at,
  (select system_identifier::text from pg_control_system()) as "identity.system",
  current_database()::text as "identity.database",
  case
    when pg_is_in_recovery()
    then (select timeline_id::text from pg_control_checkpoint())
    else ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int::text
  end as "identity.timeline"
