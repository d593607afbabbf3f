-- What the user must be allowed (MariaDB Knowledge Base, "GRANT"). {role} is the user, as 'name'@'host'.
return {
  read = { doc = "reads the tables' names, sizes and statistics", always = true, grants = { { sql = "grant select on *.* to {role};" } } },
  innodb_stats = {
    doc = "reads when InnoDB's statistics were last made; without it their age is unknown", capability = "innodb_stats",
    grants = { { sql = "grant select on mysql.innodb_table_stats to {role};" } },
  },
  ledger = { doc = "makes the tables upkeep_...", grants = { { sql = "grant create, create view, select, insert on *.* to {role};" } } },
  maintain = { doc = "ANALYZE TABLE", grants = { { sql = "grant select, insert on *.* to {role};" } } },
}
