-- Only what a file keeps by itself. auto_vacuum and page_size change with compact_database; others belong to a connection.
local current = "select journal_mode as value from pragma_journal_mode"

return action {
  name = "set_parameter", engine = "sqlite", kind = "setting",
  needs = { privileges = { "write" } },
  doc = "sets a setting that the file keeps, and reads it back: journal_mode",
  parameters = {
    value = {
      type = "text", required = true, choices = { "wal", "delete", "truncate", "persist" },
      doc = "the journal mode that the file shall have",
    },
  },
  reads = { "value" },
  atomicity = "autocommit",
  risk = "medium",
  locks = function(o, p) return { { mode = "exclusive", object = { "main" } } } end,
  post = "own",
  explain = { undo = "inverse: the value of before is set again" },
  undo = function(o, p)
    return { class = "inverse", why = "the old value is known",
             steps = { { sql = "pragma journal_mode = " .. o.value, transaction = false } } }
  end,
  probe = function(o, p)
    return { done = { name = "the value is set", sql = current, expect = "value = " .. u.literal(p.value) } }
  end,
  plan = function(o, p)
    u.known(o, "value")
    if o.name ~= "journal_mode" then
      u.refuse("only journal_mode can be set; auto_vacuum changes with compact_database")
    end
    return {
      pre = {
        { name = "the value is the planned one", otherwise = "fail", sql = current,
          expect = "value = " .. u.literal(o.value) },
      },
      run = { { sql = "pragma journal_mode = " .. p.value, returns = "set", transaction = false } },
      post = { { name = "the value is set", sql = current, expect = "value = " .. u.literal(p.value) } },
    }
  end,
}
