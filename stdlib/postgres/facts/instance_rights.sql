-- Managed services keep superusers for themselves, and are known by the role that they give in their place.
with i as (select 'instance' as name),
services (role, service) as (
  values
    ('rds_superuser', 'Amazon RDS'), ('cloudsqlsuperuser', 'Google Cloud SQL'), ('alloydbsuperuser', 'Google AlloyDB'),
    ('azure_pg_admin', 'Azure Database'), ('neon_superuser', 'Neon'), ('supabase_admin', 'Supabase'), ('aiven_extras', 'Aiven'),
    ('doadmin', 'DigitalOcean'), ('crunchy_superuser', 'Crunchy Bridge'), ('heroku_admin', 'Heroku')
),
marks (setting, service) as (
  values
    ('rds.superuser_variables', 'Amazon RDS'), ('rds.extensions', 'Amazon RDS'), ('cloudsql.enable_pgaudit', 'Google Cloud SQL'),
    ('azure.extensions', 'Azure Database'), ('neon.timeline_id', 'Neon')
),
managed as (
  select coalesce(
    (select 'Amazon Aurora' from pg_proc where proname = 'aurora_version' limit 1),
    (select s.service from services s join pg_roles r on r.rolname = s.role order by s.role limit 1),
    (select m.service from marks m where current_setting(m.setting, true) is not null order by m.setting limit 1)
  ) as service
),
rights as (
  select
    coalesce((select rolsuper from pg_roles where rolname = current_user), false) as superuser,
    pg_has_role('pg_monitor', 'usage') as monitor,
    exists (select from pg_roles where rolname = 'pg_read_all_data' and pg_has_role(oid, 'usage')) as reads_all_data,
    exists (select from pg_roles where rolname = 'pg_maintain' and pg_has_role(oid, 'usage'))
      or exists (select from pg_database where datname = current_database() and pg_has_role(datdba, 'usage')) as maintains,
    pg_has_role('pg_signal_backend', 'usage') as signals,
    coalesce(current_setting('allow_alter_system', true), 'on')::bool as alters
)
select
  i.name,
  r.superuser as is_superuser,
  r.monitor as is_monitor,
  r.superuser or r.reads_all_data as reads_all_data,
  r.superuser or r.maintains as maintains_all,
  r.superuser or r.signals as signals_others,
  (select coalesce(to_json(array_agg(extname::text order by extname)), '[]')::text from pg_extension) as extensions,
  m.service as managed_by,
  to_json(array_remove(array[
    case when not r.superuser then 'damage of tables cannot be looked for without rights on amcheck'
      || case when m.service is not null then ': the service may grant them' else '' end end,
    case when not r.superuser and not r.maintains then 'objects of other roles cannot be maintained' end,
    case when not r.superuser and not r.signals then 'sessions of other roles cannot be ended' end,
    case when not r.superuser then 'sessions of superusers cannot be ended' end,
    case when not r.alters then 'allow_alter_system is off: settings are changed elsewhere'
      when m.service is not null then 'settings are changed through the service, not by ALTER SYSTEM'
      when not r.superuser then 'ALTER SYSTEM needs a superuser, or the grant of each setting (15)' end,
    case when m.service is not null then 'files, disks and programs of the server are out of reach' end
  ], null))::text as not_allowed
from i, managed m, rights r
where true {filter}
