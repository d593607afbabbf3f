-- The extension may be in any schema: its function is called by a text. Each page's free space counts as the free space map has it.
with pgstattuple as materialized (
  select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'pgstattuple'
),
listed as materialized (
  select
    n.nspname,
    c.relname,
    c.oid,
    case
      when n.nspname in ('pg_catalog', 'information_schema') then 'it belongs to the server'
      when c.relkind = 'p' then 'a partitioned table has no rows of its own'
      when m.amname <> 'heap' then 'its access method is not heap'
      when c.relpages < 10 and pg_relation_size(c.oid) < 10 * current_setting('block_size')::bigint then 'smaller than 10 pages'
      when pg_is_in_recovery() and c.relpersistence = 'u' then 'an unlogged table has no pages on a replica'
    end as reason
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_am m on m.oid = c.relam
  where c.relkind in ('r', 'm', 'p')
    and c.relpersistence <> 't'
    and n.nspname <> 'upkeep'
    {filter}
),
read as materialized (
  select
    l.*,
    case when l.reason is null then query_to_xml(
      format(
        'select table_len, round(approx_free_percent::numeric * 10000)::bigint as free, round(dead_tuple_percent::numeric * 10000)::bigint as dead'
          || ' from %I.pgstattuple_approx(%s)', p.nspname, l.oid
      ), true, true, '')::text
    end as answer
  from listed l, pgstattuple p
),
counted as (
  select
    r.*,
    substring(r.answer from '<table_len>([0-9]+)</table_len>')::bigint as length,
    substring(r.answer from '<free>([0-9]+)</free>')::bigint as free,
    substring(r.answer from '<dead>([0-9]+)</dead>')::bigint as dead
  from read r
)
select
  c.nspname::text as schema,
  c.relname::text as name,
  least(1000000, c.free + c.dead) as measured_bloat_ratio,
  c.reason as "measured_bloat_ratio.reason",
  (c.length * least(1000000, c.free + c.dead) / 1000000)::bigint as measured_bloat_size,
  c.reason as "measured_bloat_size.reason",
  least(1000000, c.dead) as measured_dead_ratio,
  c.reason as "measured_dead_ratio.reason"
from counted c
