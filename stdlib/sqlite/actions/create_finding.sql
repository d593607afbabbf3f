-- What checks of the data found; damage 0 is a check that found nothing.
create table if not exists upkeep_finding (
  id integer primary key,
  run text not null,
  step text not null,
  kind text not null,
  name text not null,
  check_name text not null,
  damage integer not null,
  detail text,
  started_at integer not null,
  finished_at integer not null
)
