-- How a column may hold time: the SQL that reads it, and how many microseconds one of its units is.
local stored = {
  text = { "unixepoch(%s)", 1000000 },
  seconds = { "%s", 1000000 },
  milliseconds = { "%s", 1000 },
  microseconds = { "%s", 1 },
}

local function archive_name(o, p)
  return u.ident(p.to or (o.name .. "_archive"))
end

-- Rows older than `older_than` before ?1, the start of the step.
local function due(o, p)
  local how = stored[p.stored_as]
  return string.format(how[1], u.ident(p.column))
    .. string.format(" < (?1 - %d) / %d", p.older_than, how[2])
end

-- The condition that picks the rows of this step.
local function picked(o, p)
  if p.max_rows == 0 or o.without_rowid then return due(o, p) end
  return "rowid in (select rowid from main." .. o.sql .. " where " .. due(o, p)
    .. string.format(" order by rowid limit %d)", p.max_rows)
end

local started = { { from = "step.started_at" } }

return action {
  name = "archive_rows", engine = "sqlite", kind = "table",
  doc = "moves rows past their retention to an archive table in the same database, in one transaction",
  parameters = {
    column = { type = "text", required = true, doc = "the column that says how old a row is" },
    older_than = { type = "duration", required = true, min = 1, doc = "rows older than this are moved" },
    stored_as = {
      type = "text", default = "text", choices = { "text", "seconds", "milliseconds", "microseconds" },
      doc = "how the column holds time: text as SQLite reads it, or Unix time",
    },
    to = { type = "text", doc = "the archive table; otherwise the table's name and _archive" },
    max_rows = { type = "int", default = 100000, min = 0, doc = "at most so many rows a step; 0: all" },
  },
  reads = { "writable_columns", "without_rowid", "referenced_by", "type", "database.corruption_found" },
  needs = { version = "3.38", capabilities = { "ledger" } },
  atomicity = "transaction",
  risk = "high",
  destructive = true,
  locks = function(o, p) return { { mode = "write", object = { "main" } } } end,
  post = "own",
  conflicts = { "expire_rows" },
  blocked_by = {
    { when = "database.corruption_found > 0", why = "damage was found; save what can be saved before anything rewrites it" },
  },
  undo = function(o, p)
    local archive = "main." .. archive_name(o, p)
    return {
      class = "inverse",
      why = "the rows stand in the archive table, marked with the run",
      steps = {
        {
          sql = "insert into main." .. o.sql .. " (" .. o.writable_columns .. ") select "
            .. o.writable_columns .. " from " .. archive .. " where upkeep_run = ?1",
          params = { { from = "step.run" } },
        },
        { sql = "delete from " .. archive .. " where upkeep_run = ?1", params = { { from = "step.run" } } },
      },
    }
  end,
  plan = function(o, p)
    if o.type ~= "table" then u.refuse("rows of a virtual table cannot be archived") end
    local archive = "main." .. archive_name(o, p)
    local source = "main." .. o.sql
    local count_due = { name = "rows past their retention", otherwise = "skip", params = started,
                        sql = "select count(*) as due from " .. source .. " where " .. due(o, p),
                        expect = "due > 0" }
    local pre = {
      count_due,
      {
        name = "the columns are the planned ones", otherwise = "fail",
        sql = [[select group_concat(format('"%w"', x.name), ', ') as columns from (select name from pragma_table_xinfo(]]
          .. u.literal(o.name) .. ") where hidden = 0 order by cid) x",
        expect = "columns = " .. u.literal(o.writable_columns),
      },
      {
        name = "no foreign key points to the table", otherwise = "fail",
        sql = [[select count(*) as referenced from sqlite_schema s, pragma_foreign_key_list(s.name) f]]
          .. [[ where s.type = 'table' and lower(f."table") = lower(]] .. u.literal(o.name) .. ")",
        expect = "referenced = 0",
      },
    }
    if o.without_rowid and p.max_rows > 0 then
      table.insert(pre, {
        name = "not more rows than one step may move", otherwise = "fail", params = started,
        sql = count_due.sql, expect = string.format("due <= %d", p.max_rows),
      })
    end
    return {
      pre = pre,
      run = {
        {
          sql = "create table if not exists " .. archive .. " as select " .. o.writable_columns
            .. ", '' as upkeep_run from " .. source .. " where false",
        },
        {
          sql = "insert into " .. archive .. " (" .. o.writable_columns .. ", upkeep_run) select "
            .. o.writable_columns .. ", ?2 from " .. source .. " where " .. picked(o, p),
          params = { { from = "step.started_at" }, { from = "step.run" } },
        },
        { sql = "select changes() as n", returns = "moved" },
        { sql = "delete from " .. source .. " where " .. picked(o, p), params = started },
        { sql = "select changes() as n", returns = "removed" },
        -- Fewer rows and a new table: without this the planner would be wrong about both.
        { sql = "pragma analysis_limit = 0" },
        { sql = "analyze " .. source },
        { sql = "analyze " .. archive },
      },
      post = {
        { name = "as many rows removed as moved", sql = "select 1 as one", expect = "removed.n = moved.n and moved.n > 0" },
        { name = "fewer rows past their retention", sql = count_due.sql, params = started,
          expect = p.max_rows == 0 and "due = 0" or "due = 0 or due < before.due" },
      },
    }
  end,
}
