-- What checks of the data found; damage 0 is a check that found nothing.
create table if not exists upkeep.finding (
  id bigint generated always as identity primary key,
  run text not null,
  step text not null,
  kind text not null,
  schema_name text not null,
  name text not null,
  check_name text not null,
  damage bigint not null,
  detail text,
  started_at timestamptz not null,
  finished_at timestamptz not null default clock_timestamp()
)
