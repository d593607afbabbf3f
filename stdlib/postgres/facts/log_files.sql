with files as materialized (
  select f.name, f.size, (extract(epoch from clock_timestamp() - f.modification) * 1000000)::bigint as age
  from (select where current_setting('logging_collector')::bool) g cross join lateral pg_ls_logdir() f
),
written (name) as (
  -- The newest is written to, and one of each format is by its own word.
  select name from (select name from files order by age, name desc limit 1) n
  union
  select regexp_replace(pg_current_logfile(f), '^.*/', '') from unnest(array['stderr', 'csvlog']) f
),
old as (
  select f.*, row_number() over (order by f.age desc, f.name) as place
  from files f where f.name not in (select w.name from written w where w.name is not null)
)
select
  l.name,
  case when l.name = 'server_log' then (select count(*) from files) else 0 end as files,
  case when l.name = 'server_log' then (select coalesce(sum(size), 0)::bigint from files) else 0 end as size,
  case when l.name = 'server_log' then (select greatest(0, max(age)) from files) end as oldest_age,
  case when l.name <> 'server_log' then 'SQL does not see the files of an archive'
    when not exists (select from files) then 'there is none' end as "oldest_age.reason",
  case when l.name = 'server_log' then coalesce(
    case when current_setting('log_directory') like '/%' then current_setting('log_directory') end,
    (select setting from pg_settings where name = 'data_directory') || '/' || current_setting('log_directory'))
  end as folder,
  case when l.name <> 'server_log' then 'SQL does not see the files of an archive'
    when current_setting('log_directory') not like '/%' and not exists (select from pg_settings where name = 'data_directory' and setting is not null)
      then 'needs the role pg_read_all_settings to see the data folder'
  end as "folder.reason",
  coalesce((select to_json(array_agg(name order by place))::text from old where place <= 200 and l.name = 'server_log'), '[]') as old_files,
  coalesce((select to_json(array_agg(age::text order by place))::text from old where place <= 200 and l.name = 'server_log'), '[]') as old_ages,
  coalesce((select to_json(array_agg(size::text order by place))::text from old where place <= 200 and l.name = 'server_log'), '[]') as old_sizes
from (values ('wal_archive'), ('server_log')) l (name)
where case l.name when 'server_log' then current_setting('logging_collector')::bool else current_setting('archive_mode') <> 'off' end
  {filter}
