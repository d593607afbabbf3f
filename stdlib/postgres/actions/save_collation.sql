-- It was built by the library as it sorts now.
insert into upkeep.saved (run, step, kind, schema_name, name, what, content)
values ($1::text, $2::text, 'index', $3::text, $4::text, 'collation', $5::text)
