with s (name, value, recommended, reason) as (
  select 'auto_vacuum',
    case (select auto_vacuum from pragma_auto_vacuum)
      when 0 then 'none' when 1 then 'full' when 2 then 'incremental'
    end,
    null, 'it depends on how much is deleted'
  union all
  select 'encoding', (select encoding from pragma_encoding),
    null, 'it is fixed when the file is made'
  union all
  select 'journal_mode', (
      -- A file opened as immutable says delete, whatever it is.
      select case when journal_mode = 'delete' and upkeep_has_wal() then 'wal' else journal_mode end
      from pragma_journal_mode
    ),
    'wal', null
  union all
  select 'page_size', cast((select page_size from pragma_page_size) as text),
    null, 'it depends on the rows and on the disk'
)
select s.name, s.value, s.recommended, s.reason as "recommended.reason", 0 as pending_restart
from s
where true {filter}
