-- Sessions of users that execute something, but those of this run, whose names begin as ours does.
select
  case when pg_has_role('pg_read_all_stats', 'usage') then (
    select count(*) from pg_stat_activity a
    where a.state = 'active' and a.backend_type = 'client backend'
      and not starts_with(a.application_name, regexp_replace(current_setting('application_name'), '[^/]*$', ''))
  ) end as active_sessions,
  case when not pg_has_role('pg_read_all_stats', 'usage') then 'needs the role pg_read_all_stats' end as "active_sessions.reason"
