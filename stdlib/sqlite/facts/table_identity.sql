select s.name, upkeep_digest(s.sql) as fingerprint
from sqlite_schema s
where s.type = 'table'
  {filter}
