select
  l.name,
  l.name as kind,
  upkeep_file_size('-wal') as size
from (select 'wal' as name) l
where (select journal_mode from pragma_journal_mode) = 'wal' {filter}
