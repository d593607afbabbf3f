-- integrity_check names an index at the end of a line: "row 3 missing from index i".
with checked as (
  select id, damage, detail from upkeep_finding
  where kind = 'database' and check_name = 'integrity_check'
  order by id desc limit 1
),
rebuilt as (
  select name, max(id) as id from upkeep_finding
  where kind = 'index' and check_name = 'reindex' and damage = 0
  group by name
)
select
  i.name,
  case
    when c.id is null then null
    when r.id > c.id then true
    else instr(char(10) || coalesce(c.detail, '') || char(10), ' index ' || i.name || char(10)) = 0
  end as is_valid,
  case when c.id is null then 'never checked' end as "is_valid.reason"
from sqlite_schema i
left join checked c
left join rebuilt r on r.name = i.name
where i.type = 'index'
  and i.tbl_name not in ('upkeep_ledger', 'upkeep_finding', 'upkeep_saved', 'upkeep_identity')
  and i.tbl_name not like 'sqlite\_%' escape '\'
  {filter}
