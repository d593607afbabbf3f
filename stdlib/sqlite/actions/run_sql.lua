return action {
  name = "run_sql", engine = "sqlite", kind = "any",
  needs = { privileges = { "statement" } },
  doc = "runs your own statements, with your own checks and undo",
  parameters = {
    run = { type = "statements", required = true, doc = "the statements, in turn; {batch: ..} repeats some in rounds" },
    checks = { type = "checks", required = true, doc = "what must hold afterwards: {sql, expect}" },
    before = { type = "checks", doc = "what must hold before: {sql, expect}; otherwise the step is refused" },
    undo = { type = "statements", doc = "the statements that take it back" },
    irreversible = { type = "text", doc = "in place of undo: why it cannot be taken back" },
    risk = { type = "text", default = "medium", choices = { "low", "medium", "high" }, doc = "how dangerous it is" },
  },
  per_policy = true, redefines = true,
  atomicity = "transaction",
  risk = function(o, p) return p.risk end,
  explain = {
    risk = "as `risk` says",
    undo = "inverse by your own `undo`; none with `irreversible`",
  },
  locks = function(o, p) return { { mode = "write", object = { "main" } } } end,
  post = "holds",
  undo = function(o, p)
    if p.undo and #p.undo > 0 then return { class = "inverse", why = "your own statements", steps = p.undo } end
    if p.irreversible then return { class = "none", why = p.irreversible } end
    error("run_sql needs `undo`, or `irreversible` with the reason")
  end,
  plan = function(o, p)
    local pre, post = {}, {}
    for i, check in ipairs(p.before or {}) do
      table.insert(pre, {
        name = check.name or string.format("before %d", i), otherwise = "fail",
        sql = check.sql, expect = check.expect, rows = check.rows, columns = check.columns,
      })
    end
    for i, check in ipairs(p.checks) do
      table.insert(post, {
        name = check.name or string.format("check %d", i),
        sql = check.sql, expect = check.expect, rows = check.rows, columns = check.columns,
      })
    end
    return { pre = pre, run = p.run, post = post }
  end,
}
