select
  d.name,
  d.size,
  d.free as free_size,
  case when d.size > 0 then cast(d.free * 1e6 / d.size as integer) end as free_ratio
from (select 'data' as name, upkeep_disk_size() as size, upkeep_disk_free() as free) d
where true {filter}
