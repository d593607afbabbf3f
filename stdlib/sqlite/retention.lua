-- What archive_rows and expire_rows share: which rows are past their retention.

-- How a column may hold time: the SQL that reads it, and how many microseconds one of its units is.
local stored = {
  text = { "unixepoch(%s)", 1000000 },
  seconds = { "%s", 1000000 },
  milliseconds = { "%s", 1000 },
  microseconds = { "%s", 1 },
}

local retention = {}

-- ?1 of whatever holds due().
retention.started = { from = "step.started_at" }

-- Rows older than `older_than` before ?1, the start of the step.
function retention.due(o, p)
  local how = stored[p.stored_as]
  return string.format(how[1], u.ident(p.column))
    .. string.format(" < (?1 - %d) / %d", p.older_than, how[2])
end

-- Rounds. The keys of a round stand in a table of the session, so that they never leave it; a second one keeps how far the
-- rounds have come, so that each begins where the last one ended. Tables stored by their primary key begin anew each time.
retention.in_round = "in (select * from temp.upkeep_round)"

function retention.begin_rounds(o, key, source, by_rowid)
  local statements = { "drop table if exists temp.upkeep_round", "drop table if exists temp.upkeep_reached" }
  if by_rowid then
    table.insert(statements, "create temp table upkeep_round (upkeep_key integer primary key)")
    table.insert(statements, "create temp table upkeep_reached as select -9223372036854775808 as upkeep_key")
  else
    table.insert(statements, "create temp table upkeep_round as select " .. key .. " from " .. source .. " where false")
  end
  return statements
end

-- The statements that begin a round: they pick the next rows of `source` that `which` holds for. The last parameter is their
-- number; `params` are those of `which`.
function retention.pick(key, source, which, params, by_rowid)
  local all = {}
  for _, param in ipairs(params) do table.insert(all, param) end
  table.insert(all, { from = "batch.limit" })
  local from = by_rowid and key .. " >= (select upkeep_key from temp.upkeep_reached) and " or ""
  local statements = {
    { sql = "delete from temp.upkeep_round" },
    {
      sql = "insert into temp.upkeep_round select " .. key .. " from " .. source .. " where " .. from .. which
        .. string.format(" order by %s limit ?%d", key, #all),
      params = all, returns = "picked",
    },
  }
  if by_rowid then
    table.insert(statements, {
      sql = "update temp.upkeep_reached set upkeep_key = coalesce((select max(upkeep_key) from temp.upkeep_round), upkeep_key)",
    })
  end
  return statements
end

function retention.join(...)
  local all = {}
  for _, list in ipairs({ ... }) do
    for _, item in ipairs(list) do table.insert(all, item) end
  end
  return all
end

-- How many rows of the table a condition picks, as `due`.
function retention.count_due(o, p)
  return "select count(*) as due from main." .. o.sql .. " where " .. retention.due(o, p)
end

retention.parameters = {
  batch = { type = "int", default = 10000, min = 1, max = 1000000, doc = "at most so many rows in one transaction" },
  round = {
    type = "duration", default = "500ms", min = 1000, max = 60000000,
    doc = "what one transaction should take; their size follows from it",
  },
  column = { type = "text", required = true, doc = "the column that says how old a row is" },
  stored_as = {
    type = "text", default = "text", choices = { "text", "seconds", "milliseconds", "microseconds" },
    doc = "how the column holds time: text as SQLite reads it, or Unix time",
  },
}

-- The batch of a step whose rows are counted by `due` beforehand; a round is expected to treat all that it picked.
function retention.batch(p, run, treats)
  return {
    batch = {
      run = run, count = "picked.rows", expect = treats, of = "before.due", max_rows = p.batch,
      target_ms = p.round // 1000, total_rows = p.max_rows,
    },
  }
end

function retention.no_foreign_key(o)
  return {
    name = "no foreign key points to the table", otherwise = "fail",
    sql = [[select count(*) as referenced from sqlite_schema s, pragma_foreign_key_list(s.name) f]]
      .. [[ where s.type = 'table' and lower(f."table") = lower(]] .. u.literal(o.name) .. ")",
    expect = "referenced = 0",
  }
end

return retention
