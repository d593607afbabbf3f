with d (name, pages, page_size, free_pages) as (
  select 'main', c.page_count, s.page_size, f.freelist_count
  from pragma_page_count c, pragma_page_size s, pragma_freelist_count f
)
select
  d.name,
  d.pages * d.page_size as size,
  d.free_pages * d.page_size as free_size,
  case when d.pages > 0 then d.free_pages * 1000000 / d.pages else 0 end
    as free_ratio,
  d.page_size,
  case (select auto_vacuum from pragma_auto_vacuum)
    when 0 then 'none' when 1 then 'full' when 2 then 'incremental'
  end as auto_vacuum,
  (
    -- A file opened as immutable says delete, whatever it is.
    select case when journal_mode = 'delete' and upkeep_has_wal() then 'wal' else journal_mode end
    from pragma_journal_mode
  ) as journal_mode,
  (select encoding from pragma_encoding) as encoding,
  (
    select count(*) from sqlite_schema t
    where t.type = 'table' and t.name not like 'sqlite\_%' escape '\'
      and t.name not in ('upkeep_ledger', 'upkeep_finding', 'upkeep_saved', 'upkeep_identity')
  ) as tables,
  (
    select count(*) from sqlite_schema i
    where i.type = 'index'
      and i.tbl_name not in ('upkeep_ledger', 'upkeep_finding', 'upkeep_saved', 'upkeep_identity')
  ) as indexes
from d
where true {filter}
