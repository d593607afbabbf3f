local retention = require "sqlite/retention"
local started = { retention.started }

return action {
  name = "expire_rows", engine = "sqlite", kind = "table",
  doc = "deletes rows past their retention for good, in short transactions; archive_rows keeps them",
  parameters = {
    column = retention.parameters.column,
    older_than = { type = "duration", required = true, min = 1, doc = "rows older than this are deleted" },
    stored_as = retention.parameters.stored_as,
    max_rows = { type = "int", default = 100000, min = 0, doc = "refuse when more rows are due; 0: no limit" },
    batch = retention.parameters.batch,
    round = retention.parameters.round,
  },
  reads = { "referenced_by", "row_key", "without_rowid", "type", "database.corruption_found" },
  needs = { privileges = { "write" }, version = "3.38" },
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
    if not o.row_key then u.refuse("its columns hide every name of the rowid") end
    local source = "main." .. o.sql
    local by_rowid = not o.without_rowid
    local count_due = retention.count_due(o, p)
    local pre = {
      { name = "rows past their retention", otherwise = "skip", sql = count_due, params = started, expect = "due > 0" },
      retention.no_foreign_key(o),
    }
    if p.max_rows > 0 then
      table.insert(pre, {
        name = "not more rows than one step may delete", otherwise = "fail", params = started,
        sql = count_due, expect = string.format("due <= %d", p.max_rows),
      })
    end
    local rounds = retention.join(retention.pick(o.row_key, source, retention.due(o, p), started, by_rowid), {
      { sql = "delete from " .. source .. " where (" .. o.row_key .. ") " .. retention.in_round, returns = "removed" },
    })
    return {
      pre = pre,
      run = retention.join(retention.begin_rounds(o, o.row_key, source, by_rowid), {
        retention.batch(p, rounds, "removed.rows = picked.rows"),
        { sql = "pragma analysis_limit = 0" },
        { sql = "analyze " .. source },
      }),
      post = {
        -- Others may have inserted old rows meanwhile.
        { name = "no row past its retention is left", sql = count_due, params = started, expect = "due = 0 or due < before.due" },
      },
    }
  end,
}
