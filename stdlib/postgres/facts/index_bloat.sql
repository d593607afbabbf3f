-- How many pages a fresh B-tree would need: page header 24 and special space 16 bytes, leaf fillfactor 90, entry header 8 (16
-- with nulls), item pointer 4, MAXALIGN 8; equal keys of a single column are stored once for up to 220 rows (13, nbtdedup.c).
with listed as materialized (
  select
    i.indexrelid as oid,
    i.indrelid,
    i.indkey,
    n.nspname,
    c.relname,
    c.relpages,
    c.reltuples,
    current_setting('block_size')::int as block_size,
    o.fillfactor,
    not i.indisunique and i.indnatts = 1 and o.deduplicate and exists (
      select from pg_opclass p
      join pg_amproc f on f.amprocfamily = p.opcfamily and f.amproclefttype = p.opcintype and f.amprocnum = 4
      where p.oid = i.indclass[0]
    ) as deduplicates,
    case
      when m.amname <> 'btree' then 'estimated for B-trees only'
      when c.relkind = 'I' then 'a partitioned index has no entries of its own'
      when not i.indisvalid then 'the index is not valid'
      when c.reltuples < 0 or (c.reltuples = 0 and c.relpages = 0) then 'never vacuumed or analysed'
      when c.relpages < 15 then 'smaller than 15 pages'
      when i.indnatts > 32 then 'too many columns'
      when pg_stat_get_mod_since_analyze(i.indrelid) > 0.2 * t.reltuples + 1000
        then 'more than a fifth of the rows changed since the last analyze'
    end as reason
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
  join pg_class t on t.oid = i.indrelid
  join pg_namespace n on n.oid = c.relnamespace
  join pg_am m on m.oid = c.relam
  cross join lateral (
    select
      coalesce(max(option_value) filter (where option_name = 'fillfactor'), '90')::int as fillfactor,
      coalesce(max(option_value) filter (where option_name = 'deduplicate_items'), 'on')::bool as deduplicate
    from pg_options_to_table(c.reloptions)
  ) o
  where t.relkind in ('r', 'm', 'p')
    and c.relpersistence <> 't'
    and n.nspname <> 'upkeep'
    {filter}
),
layout as materialized (
  select
    l.oid,
    count(*)::int as columns,
    1 - exp(sum(ln(greatest(1e-6, 1 - coalesce(s.null_frac, 0))))) as null_share,
    bool_or(s.width is null) as unknown,
    max(s.distinct_values) as distinct_values,
    array_agg(s.width order by a.attnum) as widths,
    array_agg(s.null_frac order by a.attnum) as nulls,
    array_agg(case
      when a.attlen < 0 and coalesce(s.width, 0) < 127 then 1
      when a.attalign = 'c' then 1 when a.attalign = 's' then 2 when a.attalign = 'i' then 4 else 8
    end order by a.attnum) as alignments
  from listed l
  join pg_attribute a on a.attrelid = l.oid and a.attnum > 0
  left join (
    select starelid as relation, staattnum as attnum, stawidth as width, stanullfrac as null_frac,
      stadistinct as distinct_values
    from pg_statistic where not stainherit
  ) s
    on s.relation = case when l.indkey[a.attnum - 1] = 0 then l.oid else l.indrelid end
    and s.attnum = case when l.indkey[a.attnum - 1] = 0 then a.attnum else l.indkey[a.attnum - 1] end
  where l.reason is null
  group by l.oid
),
sized as materialized (
  select y.oid, y.unknown, y.distinct_values, 8 + 8 * y.null_share + w.bytes as entry
  from layout y
  cross join lateral (
    with recursive walk (place, bytes) as (
      select 0, 0::float8
      union all
      select
        place + 1,
        bytes + (1 - y.nulls[place + 1]) * (
          y.widths[place + 1]
            + ceil(bytes / y.alignments[place + 1]) * y.alignments[place + 1] - bytes
        )
      from walk
      where place < y.columns
    )
    select max(bytes) filter (where place = y.columns) as bytes from walk
  ) w
),
entries as materialized (
  select
    l.*,
    coalesce(l.reason, case
      when s.unknown or s.oid is null then 'statistics are missing, or hidden from this role'
    end) as why,
    case
      when l.deduplicates and r.rows_per_key > 2
        then (ceil(s.entry / 8) * 8 + 4) / least(r.rows_per_key, 220) + 6
      else ceil(s.entry / 8) * 8 + 4
    end as entry
  from listed l
  left join sized s on s.oid = l.oid
  cross join lateral (
    select l.reltuples / greatest(1, case
      when s.distinct_values < 0 then -s.distinct_values * l.reltuples else s.distinct_values
    end) as rows_per_key
  ) r
),
needed as materialized (
  select
    e.*,
    -- Leaves, what stands above them, and the meta page.
    ceil(e.reltuples * e.entry / ((e.block_size - 40) * e.fillfactor / 100.0)) * 1.01 + 2 as pages
  from entries e
)
select
  n.nspname::text as schema,
  n.relname::text as name,
  case when n.why is null
    then (greatest(0, n.relpages - n.pages) * 1000000 / n.relpages)::bigint
  end as bloat_ratio,
  n.why as "bloat_ratio.reason",
  case when n.why is null
    then (greatest(0, n.relpages - n.pages) * n.block_size)::bigint
  end as bloat_size,
  n.why as "bloat_size.reason"
from needed n
