-- Cancels what session $1 executes, if that is still the statement that began at $2 (as guard.sql has it).
select pg_cancel_backend(a.pid)
from pg_stat_activity a
where a.pid = $1 and a.state = 'active' and (extract(epoch from a.query_start) * 1000000)::bigint = $2
