local found = "select count(*) as found from sqlite_schema where type = 'index' and name = "

return action {
  name = "drop_index", engine = "sqlite", kind = "index",
  needs = { privileges = { "write" } },
  doc = "drops an index that another one makes needless; the statement that made it is the undo",
  reads = {
    "table", "definition", "supports_constraint", "duplicate_of", "redundant_to", "unused_for",
    "database.corruption_found",
  },
  atomicity = "transaction",
  risk = "medium",
  -- What is dropped needs no rebuilding.
  subsumes = { "rebuild_index" },
  destructive = true,
  locks = function(o, p) return { { mode = "write", object = { "main" } } } end,
  post = "own",
  blocked_by = {
    { when = "database.corruption_found > 0", why = "damage was found; save what can be saved before anything rewrites it" },
  },
  explain = { undo = "inverse: the statement that made it is run again, which takes as long as the table is large" },
  undo = function(o, p)
    if not o.definition then
      return { class = "none", why = "the index has no statement of its own" }
    end
    return {
      class = "inverse",
      why = "its statement makes it again; that takes as long as the table is large",
      steps = { { sql = o.definition } },
    }
  end,
  plan = function(o, p)
    u.known(o, "table")
    local name = u.literal(o.name)
    local pre = {
      { name = "the index is there", otherwise = "skip", sql = found .. name, expect = "found = 1" },
      {
        name = "no constraint needs it", otherwise = "fail",
        sql = "select origin from pragma_index_list(" .. u.literal(o.table) .. ") where name = " .. name,
        expect = "origin = 'c'",
      },
      {
        name = "it is the index that was planned", otherwise = "fail",
        sql = "select coalesce(sql, '') as definition from sqlite_schema where type = 'index' and name = " .. name,
        expect = "definition = " .. u.literal(o.definition or ""),
      },
    }
    -- The longest index stays whatever else is dropped; the twin may be redundant itself.
    local survivor = o.redundant_to or o.duplicate_of
    if survivor then
      table.insert(pre, {
        name = "the index that stays is there", otherwise = "fail",
        sql = "select count(*) as kept from sqlite_schema where type = 'index' and name = " .. u.literal(survivor),
        expect = "kept = 1",
      })
    end
    return {
      pre = pre,
      run = { { sql = "drop index main." .. o.sql } },
      post = { { name = "the index is gone", sql = found .. name, expect = "found = 0" } },
    }
  end,
}
