-- The command log: one row a step that was executed.
create table if not exists upkeep.ledger (
  id bigint generated always as identity primary key,
  run text not null,
  step text not null,
  attempt int not null,
  action text not null,
  kind text not null,
  object text not null,
  statement text,
  outcome text not null,
  started_at timestamptz,
  finished_at timestamptz,
  plan text not null,
  digest text not null,
  log_head text,
  approvals text
)
