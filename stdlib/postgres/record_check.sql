-- $7: faults that were counted; without a count, an error ($9) is one fault.
insert into upkeep.finding (run, step, kind, schema_name, name, check_name, damage, detail, started_at)
values (
  $1::text, $2::text, $3::text, $4::text, $5::text, $6::text,
  coalesce($7::bigint, case when $9::text is null then 0 else 1 end),
  coalesce($9::text, $8::text), to_timestamp($10::bigint / 1000000.0)
)
