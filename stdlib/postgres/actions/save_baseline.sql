-- What the index takes now that it is as small as it gets; REINDEX has counted its entries.
insert into upkeep.saved (run, step, kind, schema_name, name, what, content)
select $1::text, $2::text, 'index', $3::text, $4::text, 'baseline',
  pg_catalog.json_build_object('size', pg_catalog.pg_relation_size(c.oid), 'rows', greatest(c.reltuples, 0)::bigint)::text
from pg_catalog.pg_class c
where c.oid = pg_catalog.to_regclass($5::text)
