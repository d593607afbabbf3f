-- Partitions have rows of their own, name#P#partition: the oldest counts.
select
  t.table_schema as `schema`,
  t.table_name as name,
  cast(timestampdiff(microsecond, min(s.last_update), now(6)) as signed) as stats_age,
  case when min(s.last_update) is null then 'InnoDB keeps no persistent statistics of it' end as `stats_age.reason`
from information_schema.tables t
left join mysql.innodb_table_stats s
  on s.database_name = t.table_schema
  and (s.table_name = t.table_name or s.table_name like concat(t.table_name, '#P#%'))
where t.table_schema = database()
  and t.table_type = 'BASE TABLE'
  and t.table_name not in ('upkeep_ledger', 'upkeep_saved', 'upkeep_finding')
  {filter}
group by t.table_schema, t.table_name
