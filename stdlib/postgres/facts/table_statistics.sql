-- A table that was never vacuumed or analysed has reltuples -1 (before 14: 0); an empty file then needs no statistics.
select
  n.nspname::text as schema,
  c.relname::text as name,
  case
    when c.relkind = 'p' and current_setting('server_version_num')::int < 140000 then null
    when c.reltuples > 0 or (c.reltuples = 0 and c.relpages > 0 and current_setting('server_version_num')::int < 140000)
      then not exists (select from pg_statistic s where s.starelid = c.oid)
        and exists (
          select from pg_attribute a
          where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attstattarget is distinct from 0
        )
    when c.relkind = 'p' then c.reltuples < 0 and exists (select from pg_inherits h where h.inhparent = c.oid)
    when c.reltuples = 0 and current_setting('server_version_num')::int >= 140000 then false
    else pg_relation_size(c.oid) > 0
  end as never_analyzed,
  case when c.relkind = 'p' and current_setting('server_version_num')::int < 140000
    then 'a partitioned table does not tell before PostgreSQL 14'
  end as "never_analyzed.reason"
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm', 'p')
  and c.relpersistence <> 't'
  and n.nspname <> 'upkeep'
  {filter}
