local stored = {
  text = { "unixepoch(%s)", 1000000 },
  seconds = { "%s", 1000000 },
  milliseconds = { "%s", 1000 },
  microseconds = { "%s", 1 },
}

-- Rows older than `older_than` before ?1, the start of the step.
local function due(o, p)
  local how = stored[p.stored_as]
  return string.format(how[1], u.ident(p.column))
    .. string.format(" < (?1 - %d) / %d", p.older_than, how[2])
end

local started = { { from = "step.started_at" } }

return action {
  name = "expire_rows", engine = "sqlite", kind = "table",
  doc = "deletes rows past their retention for good; archive_rows keeps them",
  parameters = {
    column = { type = "text", required = true, doc = "the column that says how old a row is" },
    older_than = { type = "duration", required = true, min = 1, doc = "rows older than this are deleted" },
    stored_as = {
      type = "text", default = "text", choices = { "text", "seconds", "milliseconds", "microseconds" },
      doc = "how the column holds time: text as SQLite reads it, or Unix time",
    },
    max_rows = { type = "int", default = 100000, min = 0, doc = "refuse when more rows are due; 0: no limit" },
  },
  reads = { "referenced_by", "type", "database.corruption_found" },
  needs = { version = "3.38" },
  atomicity = "transaction",
  risk = "high",
  destructive = true,
  locks = function(o, p) return { { mode = "write", object = { "main" } } } end,
  post = "own",
  blocked_by = {
    { when = "database.corruption_found > 0", why = "damage was found; save what can be saved before anything rewrites it" },
  },
  undo = { class = "none", why = "deleted rows are gone" },
  plan = function(o, p)
    if o.type ~= "table" then u.refuse("rows of a virtual table cannot be expired") end
    local source = "main." .. o.sql
    local count_due = "select count(*) as due from " .. source .. " where " .. due(o, p)
    local pre = {
      { name = "rows past their retention", otherwise = "skip", sql = count_due, params = started, expect = "due > 0" },
      {
        name = "no foreign key points to the table", otherwise = "fail",
        sql = [[select count(*) as referenced from sqlite_schema s, pragma_foreign_key_list(s.name) f]]
          .. [[ where s.type = 'table' and lower(f."table") = lower(]] .. u.literal(o.name) .. ")",
        expect = "referenced = 0",
      },
    }
    if p.max_rows > 0 then
      table.insert(pre, {
        name = "not more rows than one step may delete", otherwise = "fail", params = started,
        sql = count_due, expect = string.format("due <= %d", p.max_rows),
      })
    end
    return {
      pre = pre,
      run = {
        { sql = "delete from " .. source .. " where " .. due(o, p), params = started },
        { sql = "pragma analysis_limit = 0" },
        { sql = "analyze " .. source },
      },
      post = {
        { name = "no row past its retention", sql = count_due, params = started, expect = "due = 0" },
      },
    }
  end,
}
