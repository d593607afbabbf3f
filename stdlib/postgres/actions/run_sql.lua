local function named(list, word, otherwise)
  local checks = {}
  for i, check in ipairs(list or {}) do
    table.insert(checks, {
      name = check.name or string.format("%s %d", word, i), otherwise = otherwise,
      sql = check.sql, expect = check.expect, rows = check.rows, columns = check.columns,
    })
  end
  return checks
end

return action {
  name = "run_sql", engine = "postgres", kind = "any",
  needs = { privileges = { "statement" } },
  doc = "runs your own statements, with your own checks and undo",
  parameters = {
    run = { type = "statements", required = true, doc = "the statements, in turn; {batch: ..} repeats some in rounds" },
    checks = { type = "checks", required = true, doc = "what must hold afterwards: {sql, expect}" },
    before = { type = "checks", doc = "what must hold before: {sql, expect}; otherwise the step is refused" },
    undo = { type = "statements", doc = "the statements that take it back" },
    irreversible = { type = "text", doc = "in place of undo: why it cannot be taken back" },
    transaction = { type = "bool", default = true, doc = "all statements in one; false for those that cannot be in one" },
    done = { type = "checks", doc = "without a transaction: one check that tells, after a crash, whether it was done" },
    risk = { type = "text", default = "medium", choices = { "low", "medium", "high" }, doc = "how dangerous it is" },
  },
  per_policy = true, redefines = true,
  atomicity = function(o, p)
    if p.transaction then return "transaction" end
    return "autocommit"
  end,
  risk = function(o, p) return p.risk end,
  explain = {
    atomicity = "transaction; autocommit with `transaction: false`",
    risk = "as `risk` says",
    undo = "inverse by your own `undo`; none with `irreversible`",
  },
  locks = {},
  post = "holds",
  undo = function(o, p)
    if p.undo and #p.undo > 0 then return { class = "inverse", why = "your own statements", steps = p.undo } end
    if p.irreversible then return { class = "none", why = p.irreversible } end
    error("run_sql needs `undo`, or `irreversible` with the reason")
  end,
  probe = function(o, p)
    if p.transaction then return nil end
    if not p.done or #p.done ~= 1 then error("run_sql with `transaction: false` needs `done` with one check") end
    return { done = named(p.done, "done")[1] }
  end,
  plan = function(o, p)
    return { pre = named(p.before, "before", "fail"), run = p.run, post = named(p.checks, "check") }
  end,
}
