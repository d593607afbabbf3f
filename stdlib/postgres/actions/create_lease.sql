-- Who works here: one row. A run takes it at its beginning; a row of the ledger is only written while it is its run's.
create table if not exists upkeep.lease (
  singleton boolean primary key default true check (singleton),
  epoch bigint not null,
  run text not null,
  taken_at timestamptz not null
)
