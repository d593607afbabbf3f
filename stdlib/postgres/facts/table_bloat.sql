-- How many pages the rows would need, column by column in their order, since each begins at its alignment; manual, 73.6
-- (page layout): page header 24 bytes, item pointer 4, row header 23 and a bit a column when there are nulls, MAXALIGN 8.
-- Values shorter than 127 bytes are stored without alignment (manual, 73.2). Within 2 points on fresh statistics.
with listed as materialized (
  select
    c.oid,
    n.nspname,
    c.relname,
    c.relkind,
    c.relpages,
    c.reltuples,
    current_setting('block_size')::int as block_size,
    coalesce((
      select option_value::int from pg_options_to_table(c.reloptions) where option_name = 'fillfactor'
    ), 100) as fillfactor,
    case
      when c.relkind = 'p' then 'a partitioned table has no rows of its own'
      when c.reltuples < 0 or (c.reltuples = 0 and c.relpages = 0) then 'never vacuumed or analysed'
      when c.relpages < 10 then 'smaller than 10 pages'
      when pg_stat_get_mod_since_analyze(c.oid) > 0.2 * c.reltuples + 1000
        then 'more than a fifth of the rows changed since the last analyze'
    end as reason
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm', 'p')
    and c.relpersistence <> 't'
    and n.nspname <> 'upkeep'
    {filter}
),
layout as materialized (
  select
    l.oid,
    count(*)::int as columns,
    bool_or(a.attisdropped or s.null_frac > 0) as has_nulls,
    bool_or(not a.attisdropped and s.width is null) as unknown,
    array_agg(case when a.attisdropped then 0 else s.width end order by a.attnum) as widths,
    array_agg(case when a.attisdropped then 1 else s.null_frac end order by a.attnum) as nulls,
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
  ) s on s.relation = l.oid and s.attnum = a.attnum
  where l.reason is null
  group by l.oid
),
sized as materialized (
  select
    y.oid,
    y.unknown,
    23 + case when y.has_nulls then (y.columns + 7) / 8 else 0 end as header,
    w.bytes
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
needed as materialized (
  select
    l.*,
    coalesce(l.reason, case
      when s.unknown or s.oid is null then 'statistics are missing, or hidden from this role'
    end) as why,
    case when not s.unknown then ceil(l.reltuples / greatest(1, floor(
      (l.block_size - 24) * l.fillfactor / 100
        / (ceil((ceil(s.header / 8.0) * 8 + s.bytes) / 8) * 8 + 4)
    ))) end as pages
  from listed l
  left join sized s on s.oid = l.oid
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
