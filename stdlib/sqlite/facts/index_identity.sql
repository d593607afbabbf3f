-- What a constraint made has no statement; its table's is enough.
select s.name, upkeep_digest(s.tbl_name || ' ' || coalesce(s.sql, t.sql)) as fingerprint
from sqlite_schema s
left join sqlite_schema t on t.type = 'table' and t.name = s.tbl_name
where s.type = 'index'
  {filter}
