-- $7: the error that the check ended with, or null.
insert into upkeep.finding (run, step, kind, schema_name, name, check_name, damage, detail, started_at)
values (
  $1::text, $2::text, $3::text, $4::text, $5::text, $6::text,
  case when $7::text is null then 0 else 1 end, $7::text, to_timestamp($8::bigint / 1000000.0)
)
