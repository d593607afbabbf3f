select d.name, (select count(*) from pragma_foreign_key_check) as foreign_key_violations
from (select 'main' as name) d
where true {filter}
