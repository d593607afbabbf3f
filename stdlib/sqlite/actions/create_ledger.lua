-- upkeep's own tables. They never appear among the facts.
local tables = { "upkeep_ledger", "upkeep_finding", "upkeep_saved", "upkeep_identity" }

return action {
  name = "create_ledger", engine = "sqlite", kind = "database",
  needs = { privileges = { "ledger" } },
  doc = "makes upkeep's own tables: the command log, findings, what was saved for undo, the file's identity",
  risk = "low",
  atomicity = "transaction",
  post = "own",
  locks = function(o, p) return { { mode = "write", object = { o.name } } } end,
  undo = { class = "none", why = "the record of what was done stays; dropping the view upkeep_log, then the four tables, removes every trace" },
  plan = function(o, p)
    return {
      pre = {
        {
          name = "no ledger yet", otherwise = "skip",
          sql = "select count(*) as found, (select count(*) from sqlite_schema where type = 'view' and name = 'upkeep_log') as views"
            .. " from pragma_table_info('upkeep_ledger') where name = 'approvals'",
          expect = "found = 0 or views = 0",
        },
      },
      run = {
        { sql = sql_file "create_ledger.sql" },
        { sql = sql_file "create_finding.sql" },
        { sql = sql_file "create_saved.sql" },
        { sql = sql_file "create_identity.sql" },
        { sql = sql_file "create_log.sql" },
        {
          sql = "insert into upkeep_identity (uuid, made_at)"
            .. " select lower(hex(randomblob(16))), cast(strftime('%s', 'now') as integer) * 1000000"
            .. " where not exists (select 1 from upkeep_identity)",
        },
      },
      post = {
        {
          -- A ledger of before 0.1 lacks the column: alter table upkeep_ledger add column approvals text
          name = "the tables are there, and the ledger has a column approvals",
          sql = "select count(*) as found, (select count(*) from pragma_table_info('upkeep_ledger') where name = 'approvals') as known"
            .. " from sqlite_schema where type = 'table' and name in ('" .. table.concat(tables, "', '") .. "')",
          expect = "found = " .. #tables .. " and known = 1",
        },
      },
    }
  end,
}
