create table if not exists upkeep_identity (
  uuid text not null,
  made_at integer not null
)
