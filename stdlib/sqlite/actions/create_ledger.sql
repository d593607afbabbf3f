-- The command log: one row a step that was executed. Times in microseconds since 1970, UTC.
create table if not exists upkeep_ledger (
  id integer primary key,
  run text not null,
  step text not null,
  attempt integer not null,
  action text not null,
  kind text not null,
  object text not null,
  statement text,
  outcome text not null,
  started_at integer,
  finished_at integer,
  plan text not null,
  digest text not null,
  log_head text,
  approvals text
)
