insert into upkeep.finding (run, step, kind, schema_name, name, check_name, damage, started_at)
values ($1::text, $2::text, $3::text, $4::text, $5::text, 'validate_data', 0, to_timestamp($6::bigint / 1000000.0))
