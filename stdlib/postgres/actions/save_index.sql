insert into upkeep.saved (run, step, kind, schema_name, name, what, content)
values ($1::text, $2::text, 'index', $3::text, $4::text, 'definition', $5::text)
