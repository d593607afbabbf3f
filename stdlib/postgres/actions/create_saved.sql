-- What a step took away, in the words that bring it back.
create table if not exists upkeep.saved (
  id bigint generated always as identity primary key,
  run text not null,
  step text not null,
  kind text not null,
  schema_name text not null,
  name text not null,
  what text not null,
  content text,
  saved_at timestamptz not null default clock_timestamp()
)
