select
  p.gid as name,
  p.database::text as database,
  p.owner::text as "user",
  (extract(epoch from clock_timestamp() - p.prepared) * 1000000)::bigint as prepared_age,
  age(p.transaction) as xid_age
from pg_prepared_xacts p
where true {filter}
