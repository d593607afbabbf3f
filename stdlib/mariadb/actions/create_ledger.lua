-- DDL commits by itself on MariaDB; each statement may come twice.
local made = "select count(*) as found from information_schema.tables where table_schema = database()"
  .. " and table_name in ('upkeep_ledger', 'upkeep_log')"

return action {
  name = "create_ledger", engine = "mariadb", kind = "instance",
  needs = { privileges = { "ledger" } },
  doc = "makes upkeep's own table in the database: the command log, and a view on it",
  risk = "low",
  atomicity = "autocommit",
  post = "own",
  locks = {},
  undo = { class = "none", why = "the record of what was done stays; dropping the view upkeep_log and the table upkeep_ledger removes every trace" },
  probe = function(o, p) return { done = { name = "the table is there", sql = made, expect = "found = 2" } } end,
  plan = function(o, p)
    return {
      pre = { { name = "no ledger yet", otherwise = "skip", sql = made, expect = "found < 2" } },
      run = { { sql = sql_file "create_ledger.sql" }, { sql = sql_file "create_log.sql" } },
      post = { { name = "the table is there", sql = made, expect = "found = 2" } },
    }
  end,
}
