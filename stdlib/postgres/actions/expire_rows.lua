local retention = require "postgres/retention"

return action {
  name = "expire_rows", engine = "postgres", kind = "table",
  needs = { privileges = { "write_rows" } },
  doc = "deletes rows past their retention for good, in short transactions; archive_rows keeps them",
  parameters = {
    column = retention.parameters.column,
    older_than = { type = "duration", required = true, min = 1, doc = "rows older than this are deleted" },
    max_rows = { type = "int", default = 100000, min = 0, doc = "refuse when more rows are due; 0: no limit" },
    batch = retention.parameters.batch,
    round = retention.parameters.round,
  },
  reads = retention.reads,
  atomicity = "transaction",
  risk = "high",
  destructive = true,
  locks = function(o, p) return { { mode = "row exclusive", object = { o.schema, o.name } } } end,
  post = "own",
  blocked_by = retention.blocked_by,
  undo = { class = "none", why = "deleted rows are gone" },
  plan = function(o, p)
    retention.check(o, p)
    local pre = retention.pre(o, p)
    if p.max_rows > 0 then
      table.insert(pre, {
        name = "not more rows than one step may delete", otherwise = "fail", params = pre[1].params, sql = pre[1].sql,
        expect = string.format("due <= %d", p.max_rows),
      })
    end
    return { pre = pre, run = retention.passes(o, p), post = { retention.fewer(o, p) } }
  end,
}
