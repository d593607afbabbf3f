-- run_program, the same for every engine: a program of one's own in place of statements.
local function named(list, word)
  local checks = {}
  for i, check in ipairs(list or {}) do
    table.insert(checks, {
      name = check.name or string.format("%s %d", word, i),
      sql = check.sql, expect = check.expect, rows = check.rows, columns = check.columns,
      exec = check.exec, env = check.env, timeout_ms = check.timeout_ms,
    })
  end
  return checks
end

return function(engine)
  return {
    name = "run_program", engine = engine, kind = "any",
    needs = { privileges = { "statement" } },
    doc = "runs a program that the project allows, with your own checks and undo",
    parameters = {
      run = {
        type = "statements", required = true,
        doc = "the program and its arguments: {exec: [NAME, ARGUMENT..], env, success, timeout_ms, returns}; statements may stand beside it",
      },
      checks = { type = "checks", required = true, doc = "what must hold afterwards: {sql or exec, expect}" },
      before = { type = "checks", doc = "what must hold before: {sql, expect}; otherwise the step is refused" },
      done = {
        type = "checks",
        doc = "one check that tells, after a crash, whether it was done; without it such a step is in doubt",
      },
      undo = { type = "statements", doc = "the programs or statements that take it back" },
      irreversible = { type = "text", doc = "in place of undo: why it cannot be taken back" },
      risk = { type = "text", default = "medium", choices = { "low", "medium", "high" }, doc = "how dangerous it is" },
    },
    per_policy = true, redefines = true,
    atomicity = "external",
    risk = function(o, p) return p.risk end,
    explain = {
      risk = "as `risk` says",
      undo = "inverse by your own `undo`; none with `irreversible`",
    },
    locks = {},
    post = "holds",
    undo = function(o, p)
      if p.undo and #p.undo > 0 then return { class = "inverse", why = "your own undo", steps = p.undo } end
      if p.irreversible then return { class = "none", why = p.irreversible } end
      error("run_program needs `undo`, or `irreversible` with the reason")
    end,
    probe = function(o, p)
      if not p.done or #p.done == 0 then return nil end
      if #p.done ~= 1 then error("`done` of run_program is one check") end
      return { done = named(p.done, "done")[1] }
    end,
    plan = function(o, p)
      local pre = named(p.before, "before")
      for _, check in ipairs(pre) do check.otherwise = "fail" end
      return { pre = pre, run = p.run, post = named(p.checks, "check") }
    end,
  }
end
