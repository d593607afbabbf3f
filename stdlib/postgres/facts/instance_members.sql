-- A file of 32 pages holds 4 members in 20 bytes: 52,352 of them; their numbers have 32 bits (multixact.c, MULTIXACT_MEMBERS_PER_PAGE).
select
  i.name,
  least(1000000, m.files * 52352 * 1000000 / 4294967296) as mxid_members_ratio
from (select 'instance' as name) i, (select count(*) as files from pg_ls_dir('pg_multixact/members')) m
where true {filter}
