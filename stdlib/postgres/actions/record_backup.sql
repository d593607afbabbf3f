-- $5: the exit code of the tool; $6, $7: the ends of its messages and of its output. pgBackRest's verify tells of damage in its
-- output, and ends with 0 all the same.
insert into upkeep.finding (run, step, kind, schema_name, name, check_name, damage, detail, started_at)
select
  $1::text, $2::text, 'backup', '', $3::text, $4::text,
  case when v.bad then 1 else 0 end,
  case when v.bad then coalesce(
    -- Those that name a file come first.
    (
      select string_agg(l.said, '; ' order by l.said !~ '[''"]', l.at)
      from (
        select regexp_replace(trim(line), '^.*(error|INFO|WARN|ERROR): *', '') as said, at
        from regexp_split_to_table(v.said, e'\n') with ordinality as t (line, at)
        where line ~* 'error|invalid|mismatch|missing|not present|fail|corrupt'
      ) l
    ),
    nullif(right(v.said, 1000), ''), 'the tool ended with code ' || $5::bigint
  ) end,
  to_timestamp($8::bigint / 1000000.0)
from (
  select
    $5::bigint <> 0 or $7::text ~ 'status: (error|invalid)' as bad,
    concat_ws(e'\n', nullif($6::text, ''), nullif($7::text, '')) as said
) v
