-- As table_statistics.sql, for a role that sees statistics only of the tables that it may read.
with listed as (
  select
    n.nspname,
    c.relname,
    c.relkind = 'p' and current_setting('server_version_num')::int < 140000 as untold,
    case
      when c.relkind = 'p' and current_setting('server_version_num')::int < 140000 then null
      when c.reltuples > 0 or (c.reltuples = 0 and c.relpages > 0 and current_setting('server_version_num')::int < 140000)
        then case
          when exists (select from pg_stats s where s.schemaname = n.nspname and s.tablename = c.relname) then false
          when pg_stat_get_last_analyze_time(c.oid) is not null or pg_stat_get_last_autoanalyze_time(c.oid) is not null
            then false
          when has_table_privilege(c.oid, 'select') and not row_security_active(c.oid) then exists (
            select from pg_attribute a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attstattarget is distinct from 0
          )
        end
      when c.relkind = 'p' then c.reltuples < 0 and exists (select from pg_inherits h where h.inhparent = c.oid)
      when c.reltuples = 0 and current_setting('server_version_num')::int >= 140000 then false
      else pg_relation_size(c.oid) > 0
    end as never_analyzed
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm', 'p')
    and c.relpersistence <> 't'
    and n.nspname <> 'upkeep'
    {filter}
)
select
  l.nspname::text as schema,
  l.relname::text as name,
  l.never_analyzed,
  case
    when l.untold then 'a partitioned table does not tell before PostgreSQL 14'
    when l.never_analyzed is null then 'the role may not read the table'
  end as "never_analyzed.reason"
from listed l
