select
  t.table_schema as `schema`,
  t.table_name as name,
  t.engine as storage_engine,
  t.table_rows as `rows`,
  t.data_length as size,
  t.index_length as index_size,
  t.data_free as free_size
from information_schema.tables t
where t.table_schema = database()
  and t.table_type = 'BASE TABLE'
  and t.table_name not in ('upkeep_ledger', 'upkeep_saved', 'upkeep_finding')
  {filter}
