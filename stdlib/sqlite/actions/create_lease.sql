-- Who works here: one row. A run takes it at its beginning; a row of the ledger is only written while it is its run's.
create table if not exists upkeep_lease (
  singleton integer primary key check (singleton = 1),
  epoch integer not null,
  run text not null,
  taken_at integer not null
)
