-- The extension may be in any schema: its view is read by a text. Hexadecimal digits pass XML unchanged. A statement is summed over the
-- roles that ran it, and whether it was called directly; other databases have theirs, and what those
-- and other roles' hidden ones took counts for the share.
with answers as materialized (
  select query_to_xml(format(
    'select encode(convert_to(coalesce(jsonb_agg(to_jsonb(a)), ''[]'')::text, ''UTF8''), ''hex'') as rows from ('
      || 'select s.queryid, s.dbid, min(left(s.query, 2000)) as query, sum(s.calls)::bigint as calls, sum(s.total_exec_time)::numeric as ms,'
      || ' max(s.max_exec_time)::numeric as max_ms, sum(s.rows)::bigint as rows,'
      || ' sum(s.shared_blks_hit)::bigint as hit, sum(s.shared_blks_read)::bigint as read, sum(s.temp_blks_written)::bigint as temp,'
      || ' sum(s.wal_bytes)::bigint as wal'
      || ' from %I.pg_stat_statements s group by s.queryid, s.dbid) a', n.nspname), true, true, '')::text as answer
  from pg_extension e join pg_namespace n on n.oid = e.extnamespace
  where e.extname = 'pg_stat_statements'
),
counted as materialized (
  select r.*, sum(r.ms) over () as all_ms
  from answers a,
    jsonb_to_recordset(convert_from(decode(substring(a.answer from '<rows>([0-9a-f]*)</rows>'), 'hex'), 'UTF8')::jsonb) as r(
      queryid bigint, dbid oid, query text, calls bigint, ms numeric, max_ms numeric, rows bigint, hit bigint, read bigint, temp bigint, wal bigint)
),
s as (
  select c.*, c.queryid::text as name from counted c
  where c.queryid is not null and c.dbid = (select oid from pg_database where datname = current_database())
)
select
  s.name,
  current_database()::text as database,
  left(btrim(regexp_replace(s.query, '[[:space:]]+', ' ', 'g')), 500) as text,
  s.calls,
  (s.ms * 1000)::bigint as total_time,
  case when s.calls > 0 then (s.ms * 1000 / s.calls)::bigint end as mean_time,
  case when s.calls = 0 then 'it was planned only' end as "mean_time.reason",
  (s.max_ms * 1000)::bigint as max_time,
  null::bigint as p95_time,
  'pg_stat_statements keeps no distribution of times; max_time and mean_time are known' as "p95_time.reason",
  case when s.all_ms > 0 then (s.ms * 1000000 / s.all_ms)::bigint end as share_of_time,
  case when not s.all_ms > 0 then 'no statement took any time yet' end as "share_of_time.reason",
  s.rows,
  case when s.hit + s.read > 0 then s.hit * 1000000 / (s.hit + s.read) end as cache_hit_ratio,
  case when s.hit + s.read = 0 then 'it has read nothing' end as "cache_hit_ratio.reason",
  s.temp * current_setting('block_size')::bigint as temp_size,
  s.wal as wal_size
from s
where true {filter}
