return action {
  name = "create_ledger", engine = "postgres", kind = "instance",
  needs = { privileges = { "ledger" } },
  doc = "makes upkeep's own schema: the command log, findings, what was saved for undo",
  risk = "low",
  atomicity = "transaction",
  post = "own",
  locks = {},
  undo = { class = "none", why = "the record of what was done stays; drop schema upkeep cascade removes every trace" },
  plan = function(o, p)
    return {
      pre = {
        {
          -- A ledger of before 0.1 lacks a column: alter table upkeep.ledger add column approvals text
          name = "no other table has the name upkeep.ledger (if one must: ledger: none)", otherwise = "fail",
          sql = "select to_regclass('upkeep.ledger') is null or count(*) = 3 as free from pg_catalog.pg_attribute"
            .. " where attrelid = to_regclass('upkeep.ledger') and attname in ('run', 'log_head', 'approvals')",
          expect = "free",
        },
        {
          name = "no ledger yet", otherwise = "skip",
          sql = "select to_regclass('upkeep.ledger') is null or to_regclass('upkeep.lease') is null"
            .. " or to_regclass('upkeep.log') is null as missing",
          expect = "missing",
        },
        {
          -- A subscriber that lacks the tables would stop, and its slot would hold back WAL from then on.
          name = "no publication is for all tables (if one must be: ledger: none)", otherwise = "fail",
          sql = "select count(*) as publications from pg_catalog.pg_publication where puballtables",
          expect = "publications = 0",
        },
      },
      run = {
        { sql = "create schema if not exists upkeep" },
        { sql = sql_file "create_ledger.sql" },
        { sql = sql_file "create_finding.sql" },
        { sql = "create index if not exists finding_object on upkeep.finding (kind, schema_name, name, check_name, id)" },
        { sql = sql_file "create_saved.sql" },
        { sql = sql_file "create_lease.sql" },
        { sql = sql_file "create_log.sql" },
        require "postgres/lease",
      },
      post = {
        {
          name = "the tables are there",
          sql = "select to_regclass('upkeep.ledger') is not null and to_regclass('upkeep.finding') is not null"
            .. " and to_regclass('upkeep.saved') is not null and to_regclass('upkeep.lease') is not null"
            .. " and to_regclass('upkeep.log') is not null as made",
          expect = "made",
        },
      },
    }
  end,
}
