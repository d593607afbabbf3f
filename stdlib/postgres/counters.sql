-- A crash sets all counters to zero, and those of the background writer and the archiver say when; each of them can be set to zero by itself
-- too. pg_stat_reset() and its kin note their time for the database.
select (extract(epoch from greatest(d.stats_reset, least(w.stats_reset, a.stats_reset))) * 1000000)::bigint as counters_since
from pg_stat_bgwriter w, pg_stat_archiver a, pg_stat_database d
where d.datname = current_database()
