-- $5: upkeep-backup's line, finished=SECONDS kind=.. size=BYTES label=..; it is kept as it stands.
insert into upkeep.finding (run, step, kind, schema_name, name, check_name, damage, detail, started_at)
select
  $1::text, $2::text, 'backup_newest', '', $3::text, $4::text, 0,
  substring($5::text from 'finished=[0-9]+ kind=[a-z]+ size=[0-9]+ label=[^\n]*'),
  to_timestamp($6::bigint / 1000000.0)
where $5::text ~ 'finished=[0-9]+ kind=[a-z]+ size=[0-9]+ label='
