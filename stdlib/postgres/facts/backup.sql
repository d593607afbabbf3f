select
  b.name,
  b.tool,
  b.source
from json_to_recordset(coalesce(nullif(current_setting('upkeep.backups', true), ''), '[]')::json)
  as b (name text, tool text, source text)
where true {filter}
