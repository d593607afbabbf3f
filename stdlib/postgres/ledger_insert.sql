insert into upkeep.ledger (
  run, step, attempt, action, kind, object, statement, outcome,
  started_at, finished_at, plan, digest, log_head, approvals
)
select
  $1::text, $2::text, $3::int, $4::text, $5::text, $6::text, $7::text, $8::text,
  to_timestamp($9::bigint / 1000000.0), to_timestamp($10::bigint / 1000000.0),
  $11::text, $12::text, $13::text, $14::text
-- The lease is ours, and stays so until this commits.
from (select from upkeep.lease where run = $1::text for share) mine
