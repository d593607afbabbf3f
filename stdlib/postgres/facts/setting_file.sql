select
  s.name,
  (
    select f.setting from pg_file_settings f
    where f.name = s.name and f.sourcefile like '%/postgresql.auto.conf'
    order by f.seqno desc limit 1
  ) as auto_value,
  s.context <> 'internal' and coalesce(current_setting('allow_alter_system', true), 'on') = 'on' as may_alter_system
from pg_settings s
where true {filter}
