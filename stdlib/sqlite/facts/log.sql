select
  l.name,
  l.name as kind,
  upkeep_file_size('-wal') as size
from (select 'wal' as name) l
where exists (
    select 1 from pragma_journal_mode
    where journal_mode = 'wal' or journal_mode = 'delete' and upkeep_has_wal()
  )
  {filter}
