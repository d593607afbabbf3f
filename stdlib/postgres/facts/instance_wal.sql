select
  i.name,
  coalesce(w.size, 0)::bigint as wal_size,
  w.files as wal_files,
  (
    select coalesce(sum(f.size), 0)::bigint
    from pg_tablespace s, lateral pg_ls_tmpdir(s.oid) f
    where s.spcname <> 'pg_global'
  ) as temp_files_size
from (select 'instance' as name) i, (select sum(size) as size, count(*) as files from pg_ls_waldir()) w
where true {filter}
