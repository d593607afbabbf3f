local function exists(o)
  return "select count(*) as found from pg_catalog.pg_index where indexrelid = pg_catalog.to_regclass("
    .. u.literal(o.sql) .. ")"
end

-- The statement that makes it, in the form that lets writers go on.
local function concurrently(definition)
  for _, head in ipairs { "CREATE UNIQUE INDEX ", "CREATE INDEX " } do
    if string.sub(definition, 1, #head) == head then
      return head .. "CONCURRENTLY " .. string.sub(definition, #head + 1)
    end
  end
  u.refuse("its definition is of an unknown form")
end

return action {
  name = "drop_index", engine = "postgres", kind = "index",
  doc = "drops an index that is invalid, unused, or made needless by another (DROP INDEX CONCURRENTLY), without blocking anybody",
  reads = {
    "table", "definition", "tablespace", "comment", "is_valid", "is_partition", "is_partitioned",
    "supports_constraint", "duplicate_of", "redundant_to", "unused_for", "is_owned",
  },
  needs = { privileges = { "owner" }, capabilities = { "ledger" } },
  atomicity = "autocommit",
  risk = function(o, p)
    if o.is_valid then return "medium" end
    return "low"
  end,
  explain = {
    risk = "medium; low for an index that is not valid",
    undo = "restore: it is built again by its definition, which takes long on a large table; none when it was not valid",
  },
  -- What is dropped needs no rebuilding.
  subsumes = { "rebuild_index" },
  destructive = true,
  locks = function(o, p) return { { mode = "share update exclusive", object = { o.schema, o.table } } } end,
  post = "own",
  timeouts = { lock = false },
  estimate = { reads_bytes = 0, writes_bytes = 8192, disk_peak_bytes = 0, blocking_ms = 0, ms = 100 },
  undo = function(o, p)
    if not o.is_valid then return { class = "none", why = "it was not valid: no query could use it" } end
    local steps = {}
    if o.tablespace then
      table.insert(steps, { sql = "set default_tablespace = " .. u.literal(o.tablespace), transaction = false })
    end
    table.insert(steps, { sql = concurrently(o.definition), transaction = false })
    if o.tablespace then table.insert(steps, { sql = "reset default_tablespace", transaction = false }) end
    if o.comment then
      table.insert(steps, { sql = "comment on index " .. o.sql .. " is " .. u.literal(o.comment) })
    end
    return { class = "restore", why = "it is built anew: that takes long on a large table", steps = steps }
  end,
  probe = function(o, p)
    return { done = { name = "the index is gone", sql = exists(o), expect = "found = 0" } }
  end,
  plan = function(o, p)
    u.known(o, "table", "definition")
    if o.is_owned == false then u.refuse("the connected role does not own its table") end
    if o.is_partition or o.is_partitioned then
      u.refuse("indexes of partitioned tables cannot be dropped concurrently")
    end
    local mine = "pg_catalog.to_regclass(" .. u.literal(o.sql) .. ")"
    local pre = {
      { name = "the index is there", otherwise = "skip", sql = exists(o), expect = "found = 1" },
      {
        name = "it is the index that was planned", otherwise = "fail",
        sql = "select pg_catalog.pg_get_indexdef(" .. mine .. ") as definition",
        expect = "definition = " .. u.literal(o.definition),
      },
      {
        name = "no constraint needs it", otherwise = "fail",
        sql = "select count(*) as needed from pg_catalog.pg_constraint where conindid = " .. mine,
        expect = "needed = 0",
      },
      {
        name = "no logical replication needs it", otherwise = "fail",
        sql = "select indisreplident as identifies from pg_catalog.pg_index where indexrelid = " .. mine,
        expect = "not identifies",
      },
      {
        -- CONCURRENTLY waits for whoever has used the table; a prepared transaction ends only when somebody ends it.
        name = "no prepared transaction holds the table", otherwise = "retry",
        sql = "select count(*) as holders from pg_catalog.pg_locks where pid is null and relation = pg_catalog.to_regclass("
          .. u.literal(u.ident(o.schema, o.table)) .. ")",
        expect = "holders = 0",
      },
    }
    -- The longest index stays whatever else is dropped; the twin may be redundant itself.
    local survivor = o.redundant_to or o.duplicate_of
    if survivor then
      table.insert(pre, {
        name = "the index that stays is usable", otherwise = "fail",
        sql = "select count(*) as kept from pg_catalog.pg_index where indisvalid and indexrelid = pg_catalog.to_regclass("
          .. u.literal(u.ident(o.schema, survivor)) .. ")",
        expect = "kept = 1",
      })
    end
    return {
      pre = pre,
      run = {
        {
          sql = sql_file "save_index.sql",
          params = { { from = "step.run" }, { from = "step.id" }, o.schema, o.name, o.definition },
        },
        { sql = "drop index concurrently " .. o.sql, transaction = false },
      },
      post = { { name = "the index is gone", sql = exists(o), expect = "found = 0" } },
    }
  end,
}
