local retention = require "sqlite/retention"
local archive_file = require "sqlite/archive_file"

local function archive_name(o, p)
  return u.ident(p.to or (o.name .. "_archive"))
end

local started = { retention.started }

-- By rounds too; the archive of a table without rowid may have no name for its own rows, and is put back at once.
local function put_back(o, archive, p)
  local mine = "upkeep_run = ?1"
  local run = { { from = "step.run" } }
  local which = o.without_rowid and mine or o.row_key .. " " .. retention.in_round
  local params = o.without_rowid and run or nil
  local move = {
    {
      sql = "insert into main." .. o.sql .. " (" .. o.writable_columns .. ") select " .. o.writable_columns .. " from "
        .. archive .. " where " .. which,
      params = params, returns = "restored",
    },
    { sql = "delete from " .. archive .. " where " .. which, params = params, returns = "removed" },
  }
  if o.without_rowid then return move end
  local rounds = retention.join(retention.pick(o.row_key, archive, mine, run, true), move)
  return retention.join(retention.begin_rounds(o, o.row_key, archive, true), {
    {
      batch = {
        run = rounds, count = "picked.rows", expect = "restored.rows = picked.rows and removed.rows = picked.rows",
        max_rows = p.batch, target_ms = p.round // 1000,
      },
    },
  })
end

return action {
  name = "archive_rows", engine = "sqlite", kind = "table",
  doc = "moves rows past their retention to an archive table, of the same database or of another file, in short transactions",
  parameters = {
    column = retention.parameters.column,
    older_than = { type = "duration", required = true, min = 1, doc = "rows older than this are moved" },
    stored_as = retention.parameters.stored_as,
    to = { type = "text", doc = "the archive table; otherwise the table's name and _archive" },
    to_database = {
      type = "text",
      doc = "path of a SQLite file, as given, that takes the archive table; made when it is not there",
    },
    max_rows = { type = "int", default = 100000, min = 0, doc = "at most so many rows a step; 0: all" },
    batch = retention.parameters.batch,
    round = retention.parameters.round,
  },
  reads = { "writable_columns", "row_key", "without_rowid", "referenced_by", "type", "database.corruption_found" },
  needs = { privileges = { "write" }, version = "3.38", capabilities = { "ledger" } },
  -- Two files do not commit at once.
  atomicity = function(o, p) return p.to_database and "autocommit" or "transaction" end,
  risk = "high",
  explain = {
    atomicity = "transaction, one a round; autocommit with `to_database`, since two files do not commit at once",
    undo = "inverse: the rows are put back from the archive, where they stand marked with the run;"
      .. " restore with `to_database`: the file then keeps them too, marked as restored",
  },
  destructive = true,
  locks = function(o, p)
    local locks = { { mode = "write", object = { "main" } } }
    if p.to_database then table.insert(locks, { mode = "write", object = { "file", p.to_database } }) end
    return locks
  end,
  post = "own",
  conflicts = { "expire_rows" },
  blocked_by = {
    { when = "database.corruption_found > 0", why = "damage was found; save what can be saved before anything rewrites it" },
  },
  probe = function(o, p)
    if p.to_database then return archive_file.probe(o, p) end
  end,
  undo = function(o, p)
    if p.to_database then return archive_file.undo(o, p) end
    return {
      class = "inverse",
      why = "the rows stand in the archive table, marked with the run",
      steps = put_back(o, "main." .. archive_name(o, p), p),
    }
  end,
  plan = function(o, p)
    if o.type ~= "table" then u.refuse("rows of a virtual table cannot be archived") end
    if not o.row_key then u.refuse("its columns hide every name of the rowid") end
    u.known(o, "writable_columns")
    if p.to_database then archive_file.check_path(p) end
    local archive = "main." .. archive_name(o, p)
    local source = "main." .. o.sql
    local count_due = retention.count_due(o, p)
    local pre = {
      { name = "rows past their retention", otherwise = "skip", params = started, sql = count_due, expect = "due > 0" },
      {
        name = "the columns are the planned ones", otherwise = "fail",
        sql = [[select group_concat(format('"%w"', x.name), ', ') as columns from (select name from pragma_table_xinfo(]]
          .. u.literal(o.name) .. ") where hidden = 0 order by cid) x",
        expect = "columns = " .. u.literal(o.writable_columns),
      },
      retention.no_foreign_key(o),
    }
    local fewer = {
      name = "fewer rows past their retention", sql = count_due, params = started,
      expect = "due = 0 or due < before.due",
    }
    if p.to_database then return { pre = pre, run = archive_file.run(o, p), post = { fewer } } end
    local picked = "(" .. o.row_key .. ") " .. retention.in_round
    local by_rowid = not o.without_rowid
    local rounds = retention.join(retention.pick(o.row_key, source, retention.due(o, p), started, by_rowid), {
      {
        sql = "insert into " .. archive .. " (" .. o.writable_columns .. ", upkeep_run) select " .. o.writable_columns
          .. ", ?1 from " .. source .. " where " .. picked,
        params = { { from = "step.run" } }, returns = "moved",
      },
      { sql = "delete from " .. source .. " where " .. picked, returns = "removed" },
    })
    return {
      pre = pre,
      run = retention.join({
        {
          sql = "create table if not exists " .. archive .. " as select " .. o.writable_columns
            .. ", '' as upkeep_run from " .. source .. " where false",
        },
      }, retention.begin_rounds(o, o.row_key, source, by_rowid), {
        retention.batch(p, rounds, "moved.rows = picked.rows and removed.rows = picked.rows"),
        -- Fewer rows and a new table: without this the planner would be wrong about both.
        { sql = "pragma analysis_limit = 0" },
        { sql = "analyze " .. source },
        { sql = "analyze " .. archive },
      }),
      post = { fewer },
    }
  end,
}
