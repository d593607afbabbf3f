-- The ledger as a DBA reads it. It holds what was committed: why a step failed, and how large its object was, stands in the
-- run's plan log on the executor (upkeep log show RUN), so those columns are null.
create or replace view upkeep.log as
  select id, run, step, attempt, action, kind, object, statement, started_at, finished_at,
    finished_at - started_at as duration, outcome, null::text as error, null::bigint as size_before, null::bigint as size_after
  from upkeep.ledger
