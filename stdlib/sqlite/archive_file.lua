-- Moving rows to another file, in rounds. What commits in two files does not do so at once: the rows stand in the archive, on its disk,
-- before they are deleted; and only a row that is found there as it is now is deleted. Each statement commits by itself, and
-- each may be done again after a crash. A row of the archive is `moving` until it is gone from the table, then `moved`;
-- `changed` when the table's row became another one meanwhile; `restored` when an undo has put it back. Nothing is ever
-- deleted there. Only this database's own rows are looked at: many may share one archive.
local retention = require "sqlite/retention"

local archive_file = {}

-- Names: of the archive with its schema, of the rows' key there, and of all that is copied.
local function names(o, p)
  local own_key = not o.without_rowid
  local bare = p.to or (o.name .. "_archive")
  return {
    archive = "upkeep_archive." .. u.ident(bare),
    bare = u.ident(bare),
    index = "upkeep_archive." .. u.ident(bare .. "_upkeep_moving"),
    source = "main." .. o.sql,
    key = own_key and "upkeep_key" or o.row_key,
    copied = o.writable_columns .. (own_key and ", upkeep_key" or ""),
    copy = o.writable_columns .. (own_key and ", " .. o.row_key .. " as upkeep_key" or ""),
  }
end

local mine = "upkeep_state = 'moving' and upkeep_source = (select uuid from main.upkeep_identity)"

local function attach(p)
  return { sql = "attach " .. u.literal(p.to_database) .. " as upkeep_archive", transaction = false }
end
local detach = { sql = "detach upkeep_archive", transaction = false }

function archive_file.check_path(p)
  if p.to_database == "" or p.to_database == ":memory:" or string.starts_with(p.to_database, "file:") then
    error("`to_database` must be the path of a file")
  end
end

-- Outside of transactions.
local function loose(statements)
  local all = {}
  for _, statement in ipairs(statements) do
    if type(statement) == "string" then statement = { sql = statement } end
    table.insert(all, {
      sql = statement.sql, params = statement.params, returns = statement.returns, transaction = false,
    })
  end
  return all
end

function archive_file.run(o, p)
  local n = names(o, p)
  local by_rowid = not o.without_rowid
  -- Queries for keys. They are put together by INTERSECT and EXCEPT, since NOT IN over several columns is quadratic.
  local function keys(which) return "select " .. n.key .. " from " .. n.archive .. " where " .. which end
  local function living(which)
    return "select " .. o.row_key .. " from " .. n.source .. " where (" .. o.row_key .. ") in (" .. keys(which) .. ")"
  end
  -- Of rows that are the same here and there, key and all: INTERSECT takes NULL for equal to NULL, and the archive's columns
  -- have no collation.
  local function same(which)
    return "select " .. n.key .. " from (select " .. n.copied .. " from " .. n.archive .. " where " .. which
      .. " intersect select " .. n.copy .. " from " .. n.source .. " where (" .. o.row_key .. ") in (" .. keys(which) .. "))"
  end
  local in_round = "(" .. n.key .. ") " .. retention.in_round
  local this_run = mine .. " and upkeep_run = ?1 and " .. in_round
  local run = { { from = "step.run" } }
  local rounds = retention.join(retention.pick(o.row_key, n.source, retention.due(o, p), { retention.started }, by_rowid), {
    -- What an interrupted run left: rows that changed since, and rows that are as they were.
    {
      sql = "update " .. n.archive .. " set upkeep_state = 'changed' where " .. mine .. " and (" .. n.key .. ") in ("
        .. living(mine) .. " except " .. same(mine) .. ")",
    },
    { sql = "update " .. n.archive .. " set upkeep_run = ?1 where " .. mine .. " and " .. in_round, params = run },
    {
      sql = "insert into " .. n.archive .. " (" .. n.copied .. ", upkeep_source, upkeep_run, upkeep_state) select " .. n.copy
        .. ", (select uuid from main.upkeep_identity), ?1, 'moving' from " .. n.source .. " where (" .. o.row_key .. ") in ("
        .. "select * from temp.upkeep_round except " .. keys(this_run) .. ")",
      params = run,
    },
    { sql = "delete from " .. n.source .. " where (" .. o.row_key .. ") in (" .. same(this_run) .. ")", params = run },
    {
      sql = "update " .. n.archive .. " set upkeep_state = 'moved' where " .. mine .. " and (" .. n.key .. ") in ("
        .. keys(mine) .. " except " .. living(mine) .. ")",
    },
  })
  return retention.join({
    attach(p),
    -- A commit there is on the disk, and so is the end of its journal.
    { sql = "pragma upkeep_archive.synchronous = extra", transaction = false },
    {
      sql = "create table if not exists " .. n.archive .. " as select " .. n.copy
        .. ", '' as upkeep_source, '' as upkeep_run, '' as upkeep_state from " .. n.source .. " where false",
      transaction = false,
    },
    {
      sql = "create index if not exists " .. n.index .. " on " .. n.bare .. " (" .. n.key
        .. ") where upkeep_state = 'moving'",
      transaction = false,
    },
  }, loose(retention.begin_rounds(o, o.row_key, n.source, by_rowid)), {
    retention.batch(p, rounds),
    { sql = "pragma analysis_limit = 0", transaction = false },
    { sql = "analyze " .. n.source, transaction = false },
    detach,
  })
end

function archive_file.undo(o, p)
  local n = names(o, p)
  local moved = " where upkeep_run = ?1 and upkeep_state = 'moved'"
    .. " and upkeep_source = (select uuid from main.upkeep_identity)"
  local params = { { from = "step.run" } }
  return {
    class = "restore",
    why = "the rows are put back from the archive file, which keeps them too, marked as restored",
    steps = {
      attach(p),
      {
        sql = "insert into " .. n.source .. " (" .. o.writable_columns .. ") select " .. o.writable_columns .. " from "
          .. n.archive .. moved,
        params = params, transaction = false,
      },
      { sql = "update " .. n.archive .. " set upkeep_state = 'restored'" .. moved, params = params, transaction = false },
      detach,
    },
  }
end

-- Deletes come last in a round: fewer due rows mean that all before them is done. Whoever takes a run over knows of no rounds of
-- his own, and goes on while a row is due. A failed step may leave the file attached.
function archive_file.probe(o, p)
  return {
    done = {
      name = "fewer rows past their retention", sql = retention.count_due(o, p), params = { retention.started },
      expect = "due = 0 or batch.rows > 0 and due < before.due",
    },
    partial = {
      name = "the archive is still attached",
      sql = "select count(*) as attached from pragma_database_list where name = 'upkeep_archive'",
      expect = "attached = 1",
    },
    cleanup = { detach },
  }
end

return archive_file
