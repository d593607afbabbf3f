-- The ledger as a DBA reads it, times in UTC. It holds what was committed: why a step failed, and how large its object was,
-- stands in the run's plan log on the executor (upkeep log show RUN), so those columns are null.
create view if not exists upkeep_log as
  select id, run, step, attempt, action, kind, object, statement,
    strftime('%Y-%m-%dT%H:%M:%SZ', started_at / 1000000, 'unixepoch') as started_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', finished_at / 1000000, 'unixepoch') as finished_at,
    (finished_at - started_at) / 1000 as duration_ms, outcome, null as error, null as size_before, null as size_after
  from upkeep_ledger
