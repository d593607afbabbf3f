-- $5: the exit code of upkeep-backup; $6: the end of its messages, without the word error.
insert into upkeep.finding (run, step, kind, schema_name, name, check_name, damage, detail, started_at)
select
  $1::text, $2::text, 'backup_restore', '', $3::text, $4::text,
  case when $5::bigint = 0 then 0 else 1 end,
  case when $5::bigint <> 0 then coalesce(
    nullif(right(trim(both e'\n ' from regexp_replace($6::text, '(^|\n)error: ', '\1', 'g')), 1000), ''),
    'the test ended with code ' || $5::bigint
  ) end,
  to_timestamp($7::bigint / 1000000.0)
