return action {
  name = "validate_data", engine = "postgres", kind = "any",
  doc = "proves assertions about the data; when all hold, that is recorded",
  parameters = {
    assertions = { type = "checks", required = true, doc = "queries with what they must give: {sql, expect}" },
  },
  needs = { privileges = { "read_rows" }, capabilities = { "ledger" } },
  per_policy = true,
  atomicity = "transaction",
  risk = "low",
  locks = {},
  post = "own",
  undo = { class = "none", why = "it changes nothing but upkeep's own findings" },
  plan = function(o, p)
    local post = {}
    for i, assertion in ipairs(p.assertions) do
      table.insert(post, {
        name = assertion.name or string.format("assertion %d", i),
        sql = assertion.sql, expect = assertion.expect, rows = assertion.rows, columns = assertion.columns,
      })
    end
    return {
      pre = {},
      run = {
        {
          sql = sql_file "record_validated.sql",
          params = {
            { from = "step.run" }, { from = "step.id" }, o.kind, o.schema or "", o.name or o.display,
            { from = "step.started_at" },
          },
        },
      },
      post = post,
    }
  end,
}
