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

-- Due rows, as many as one step may treat. `row_key` tells them from each other.
function retention.picked(o, p)
  local due = retention.due(o, p)
  if p.max_rows == 0 then return due end
  return "(" .. o.row_key .. ") in (select " .. o.row_key .. " from main." .. o.sql .. " where " .. due
    .. " order by " .. o.row_key .. string.format(" limit %d)", p.max_rows)
end

-- How many rows of the table a condition picks, as `due`.
function retention.count_due(o, p)
  return "select count(*) as due from main." .. o.sql .. " where " .. retention.due(o, p)
end

retention.parameters = {
  column = { type = "text", required = true, doc = "the column that says how old a row is" },
  stored_as = {
    type = "text", default = "text", choices = { "text", "seconds", "milliseconds", "microseconds" },
    doc = "how the column holds time: text as SQLite reads it, or Unix time",
  },
}

function retention.no_foreign_key(o)
  return {
    name = "no foreign key points to the table", otherwise = "fail",
    sql = [[select count(*) as referenced from sqlite_schema s, pragma_foreign_key_list(s.name) f]]
      .. [[ where s.type = 'table' and lower(f."table") = lower(]] .. u.literal(o.name) .. ")",
    expect = "referenced = 0",
  }
end

return retention
