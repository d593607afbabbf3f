-- Before 10.11.9 a MariaDB server has no id of its own: where its data is tells it from others.
select
  substring_index(version(), '-', 1) as version,
  if(@@global.read_only, 'replica', 'primary') as role,
  cast(unix_timestamp(sysdate(6)) * 1000000 as signed) as taken_at,
  concat(@@global.hostname, ':', @@global.datadir) as `identity.server`,
  database() as `identity.database`
