-- The ledger as a DBA reads it, times in UTC.
create or replace view upkeep_log as
  select id, run, step, attempt, action, kind, object, statement,
    timestampadd(microsecond, started_at, '1970-01-01 00:00:00') as started_at,
    timestampadd(microsecond, finished_at, '1970-01-01 00:00:00') as finished_at,
    (finished_at - started_at) div 1000 as duration_ms, outcome
  from upkeep_ledger
