-- A B-tree is as dense as its fillfactor (90) when it is fresh; pgstatindex tells the density of its leaves.
with pgstattuple as materialized (
  select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'pgstattuple'
),
listed as materialized (
  select
    n.nspname,
    c.relname,
    c.oid,
    coalesce((
      select option_value::int from pg_options_to_table(c.reloptions) where option_name = 'fillfactor'
    ), 90) as fillfactor,
    case
      when n.nspname in ('pg_catalog', 'information_schema') then 'it belongs to the server'
      when m.amname <> 'btree' then 'measured for B-trees only'
      when c.relkind = 'I' then 'a partitioned index has no entries of its own'
      when not i.indisvalid then 'the index is not valid'
      when pg_relation_size(c.oid) < 15 * current_setting('block_size')::bigint then 'smaller than 15 pages'
      when pg_is_in_recovery() and c.relpersistence = 'u' then 'an unlogged index has no pages on a replica'
    end as reason
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
  join pg_class t on t.oid = i.indrelid
  join pg_namespace n on n.oid = c.relnamespace
  join pg_am m on m.oid = c.relam
  where t.relkind in ('r', 'm', 'p')
    and c.relpersistence <> 't'
    and n.nspname <> 'upkeep'
    {filter}
),
read as materialized (
  select
    l.*,
    case when l.reason is null then query_to_xml(
      format(
        'select index_size, leaf_pages + empty_pages + deleted_pages as pages, leaf_pages,'
          || ' case when avg_leaf_density = ''NaN'' then 0 else round(avg_leaf_density::numeric * 10000) end::bigint as density,'
          || ' case when leaf_fragmentation = ''NaN'' then 0 else round(leaf_fragmentation::numeric * 10000) end::bigint as fragmentation'
          || ' from %I.pgstatindex(%s::regclass)', p.nspname, l.oid
      ), true, true, '')::text
    end as answer
  from listed l, pgstattuple p
),
counted as (
  select
    r.*,
    substring(r.answer from '<index_size>([0-9]+)</index_size>')::bigint as size,
    substring(r.answer from '<pages>([0-9]+)</pages>')::numeric as pages,
    substring(r.answer from '<leaf_pages>([0-9]+)</leaf_pages>')::numeric as leaves,
    substring(r.answer from '<density>([0-9]+)</density>')::numeric as density,
    substring(r.answer from '<fragmentation>([0-9]+)</fragmentation>')::bigint as fragmentation
  from read r
),
judged as (
  select
    c.*,
    case when c.pages > 0
      then greatest(0, 1000000 - c.leaves / c.pages * least(1000000, c.density * 100 / c.fillfactor))::bigint
      else 0
    end as bloat
  from counted c
)
select
  j.nspname::text as schema,
  j.relname::text as name,
  case when j.reason is null then j.bloat end as measured_bloat_ratio,
  j.reason as "measured_bloat_ratio.reason",
  case when j.reason is null then (j.size::numeric * j.bloat / 1000000)::bigint end as measured_bloat_size,
  j.reason as "measured_bloat_size.reason",
  case when j.reason is null then j.fragmentation end as leaf_fragmentation,
  j.reason as "leaf_fragmentation.reason"
from judged j
