-- Who holds back vacuum: sessions by their snapshot or transaction id, standbys with hot_standby_feedback by their walsender, slots by
-- their xmin, prepared transactions (procarray.c, ComputeXidHorizons). Sessions and prepared transactions hold their own database only.
-- catalog_xmin of slots holds back catalogues only. Decoding without a transaction, and VACUUM itself, hold nothing.
with seen as (
  select pg_has_role('pg_read_all_stats', 'usage') as sessions
),
holders as (
  select
    case a.backend_type when 'walsender' then 'replica' else 'session' end as source,
    case when a.backend_type <> 'walsender' or a.datid is not null then a.datid end as datid,
    greatest(age(a.backend_xmin), age(a.backend_xid))::bigint as age,
    a.pid,
    null::text as slot,
    null::text as prepared,
    case when a.backend_type = 'client backend' then format('%s@%s', a.pid, floor(extract(epoch from a.backend_start))) end as session,
    coalesce(a.backend_xid, a.backend_xmin)::text as transaction,
    extract(epoch from clock_timestamp() - a.xact_start) as held_s,
    format('pid %s, role %s, %s%s', a.pid, coalesce(a.usename::text, '-'), coalesce(nullif(a.application_name, ''), a.backend_type),
      case when a.backend_type = 'walsender' then ' (hot_standby_feedback)' else coalesce(', ' || a.state, '') end) as who
  from pg_stat_activity a
  where coalesce(a.backend_xmin, a.backend_xid) is not null
    and a.pid <> pg_backend_pid()
    and not (a.backend_type = 'walsender' and a.datid is not null and a.xact_start is null)
    and a.pid not in (select pid from pg_stat_progress_vacuum)
  union all
  select 'slot', null, age(s.xmin)::bigint, s.active_pid, s.slot_name::text, null, null, s.xmin::text,
    extract(epoch from clock_timestamp() - (to_jsonb(s) ->> 'inactive_since')::timestamptz),
    format('slot %s, %s', s.slot_name, case when s.active then 'read by pid ' || s.active_pid else 'read by nobody' end)
  from pg_replication_slots s
  where s.xmin is not null and s.wal_status is distinct from 'lost'
  union all
  select 'prepared transaction', d.oid, age(p.transaction)::bigint, null, null, p.gid, null, p.transaction::text,
    extract(epoch from clock_timestamp() - p.prepared),
    format('prepared transaction %s, role %s', quote_literal(p.gid), p.owner)
  from pg_prepared_xacts p join pg_database d on d.datname = p.database
),
named as (
  select
    h.*,
    concat(h.who, ', transaction ' || h.transaction, ', ' || h.age || ' transactions ago', case
      when h.held_s >= 172800 then ', for ' || floor(h.held_s / 86400) || ' d'
      when h.held_s >= 7200 then ', for ' || floor(h.held_s / 3600) || ' h'
      when h.held_s >= 120 then ', for ' || floor(h.held_s / 60) || ' min'
      when h.held_s >= 0 then ', for ' || floor(h.held_s) || ' s'
    end) as holder,
    case when h.source = 'slot' then 'the server keeps since when nobody reads a slot from PostgreSQL 17 on'
      else 'a replica does not tell since when' end as untold
  from holders h
)
