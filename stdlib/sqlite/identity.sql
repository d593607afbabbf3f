-- The file is known by the uuid that create_ledger writes into it.
select
  sqlite_version() as version,
  'standalone' as role,
  cast(strftime('%s', 'now') as integer) * 1000000
    + cast(substr(strftime('%f', 'now'), 4) as integer) * 1000 as taken_at,
  case
    when exists (
      select 1 from sqlite_schema
      where type = 'table' and name = 'upkeep_identity'
    )
    then upkeep_value('select uuid from upkeep_identity')
  end as "identity.uuid"
