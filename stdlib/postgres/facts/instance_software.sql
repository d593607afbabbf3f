-- Last releases, as https://www.postgresql.org/support/versioning/ gives them.
with ends (major, last_release) as (
  values
    (13, date '2025-11-13'), (14, date '2026-11-12'), (15, date '2027-11-11'), (16, date '2028-11-09'), (17, date '2029-11-08'),
    (18, date '2030-11-14')
)
select
  i.name,
  greatest(0, extract(epoch from e.last_release::timestamptz - clock_timestamp()) * 1000000)::bigint as eol_in,
  case when e.major is null then 'the end of this version is not known here' end as "eol_in.reason",
  (
    select to_json(array(
      select btrim(l, ' "') from unnest(string_to_array(p.setting, ',')) with ordinality u (l, place) where btrim(l) <> '' order by place
    ))::text
    from pg_settings p where p.name = 'shared_preload_libraries'
  ) as preloaded,
  case when not exists (select from pg_settings p where p.name = 'shared_preload_libraries')
    then 'needs the role pg_read_all_settings' end as "preloaded.reason"
from (select 'instance' as name) i
left join ends e on e.major = current_setting('server_version_num')::int / 10000
where true {filter}
