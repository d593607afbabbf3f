create table if not exists upkeep_ledger (
  id bigint not null auto_increment primary key,
  run varchar(64) not null,
  step varchar(128) not null,
  attempt bigint not null,
  action varchar(128) not null,
  kind varchar(64) not null,
  object text not null,
  statement longtext,
  outcome varchar(32) not null,
  started_at bigint,
  finished_at bigint,
  plan varchar(128) not null,
  digest varchar(128) not null,
  log_head text,
  approvals text,
  key (run),
  key (plan)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin comment = 'times in microseconds since 1970, UTC'
