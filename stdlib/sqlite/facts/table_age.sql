-- min() takes an index on the column where there is one.
with oldest (name, value) as materialized (
  select
    l.name,
    upkeep_value(format('select min("%w") from main."%w"', {argument.text}, l.name))
  from pragma_table_list l
  where l.schema = 'main'
    and l.type = 'table'
    and l.name not like 'sqlite\_%' escape '\'
    and l.name not in ('upkeep_ledger', 'upkeep_finding', 'upkeep_saved', 'upkeep_identity')
    and exists (
      select 1 from pragma_table_xinfo(l.name) x
      where lower(x.name) = lower({argument.text})
    )
    {filter}
),
dated (name, value, at_us) as materialized (
  -- Unix time is told by its size: 10^11 s is the year 5138, 10^11 ms is 1973.
  select
    name,
    value,
    case
      when value is null then null
      when typeof(value) = 'text' then unixepoch(value) * 1000000
      when typeof(value) = 'integer' and value between 0 and 99999999999 then value * 1000000
      when typeof(value) = 'integer' and value between 100000000000 and 99999999999999 then value * 1000
      when typeof(value) = 'integer' and value >= 100000000000000 then value
    end
  from oldest
)
select
  name,
  case
    when value is null then 0
    else max(0, cast(strftime('%s', 'now') as integer) * 1000000 - at_us)
  end as age,
  case when value is not null and at_us is null then 'the smallest value of the column is no time' end as reason
from dated
