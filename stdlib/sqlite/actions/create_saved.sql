-- What an undo needs and the plan cannot know: statistics as they were.
create table if not exists upkeep_saved (
  id integer primary key,
  run text not null,
  step text not null,
  kind text not null,
  name text not null,
  what text not null,
  content text,
  saved_at integer not null
)
