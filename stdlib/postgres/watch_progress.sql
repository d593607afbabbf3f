-- How far our sessions' statements are. $1: their process ids. A row a process at most; done and total are of this phase, total
-- NULL where the server does not know it.
select p.pid, p.phase, p.done, nullif(p.total, 0) as total, p.unit
from (
  select pid, phase, case when phase = 'vacuuming heap' then heap_blks_vacuumed else heap_blks_scanned end as done,
    heap_blks_total as total, 'blocks' as unit
  from pg_stat_progress_vacuum
  union all
  select pid, phase, sample_blks_scanned, sample_blks_total, 'blocks' from pg_stat_progress_analyze
  union all
  select pid, phase, heap_blks_scanned, heap_blks_total, 'blocks' from pg_stat_progress_cluster
  union all
  select pid, phase,
    case when lockers_total > 0 then lockers_done when blocks_total > 0 then blocks_done else tuples_done end,
    case when lockers_total > 0 then lockers_total when blocks_total > 0 then blocks_total else tuples_total end,
    case when lockers_total > 0 then 'sessions waited for' when blocks_total > 0 then 'blocks' else 'rows' end
  from pg_stat_progress_create_index
) p
where p.pid = any ($1::int[])
