local names = require "postgres/names"
local pace = require "postgres/pace"

local function mine(o) return u.ident(o.schema, names.with(o.name, "_idx")) end

local function state(o)
  return "select i.indisvalid and i.indisready and i.indislive as usable from pg_catalog.pg_index i where i.indexrelid ="
    .. " pg_catalog.to_regclass(" .. u.literal(mine(o)) .. ")"
end

return action {
  name = "create_index", engine = "postgres", kind = "constraint",
  needs = { privileges = { "owner" } },
  doc = "makes the index that a foreign key lacks (CREATE INDEX CONCURRENTLY), without blocking writers",
  reads = { "columns", "has_index", "table.size", "table.is_partitioned" },
  atomicity = "autocommit",
  risk = "low",
  explain = { undo = "inverse: the index is dropped" },
  locks = function(o, p) return { { mode = "share update exclusive", object = { o.schema, o.table } } } end,
  post = "holds",
  timeouts = { lock = false },
  followups = {},
  undo = function(o, p)
    return {
      class = "inverse", why = "the index is dropped",
      steps = { { sql = "drop index concurrently if exists " .. mine(o), transaction = false } },
    }
  end,
  estimate = function(o, p)
    local size = o["table.size"] or 0
    return { reads_bytes = 2 * size, writes_bytes = size // 4, wal_bytes = size // 4, disk_peak_bytes = size // 2 }
  end,
  probe = function(o, p)
    return {
      done = { name = "the index is usable", sql = state(o), expect = "usable" },
      partial = { name = "an unfinished index is left", sql = state(o), expect = "not usable" },
      cleanup = { { sql = "drop index concurrently if exists " .. mine(o), transaction = false } },
    }
  end,
  plan = function(o, p)
    if o["table.is_partitioned"] then
      u.refuse("a partitioned table cannot get an index without blocking its writers; its partitions can")
    end
    return {
      pre = {
        {
          name = "the name of the index is free", otherwise = "fail",
          sql = "select pg_catalog.to_regclass(" .. u.literal(mine(o)) .. ") is null as free", expect = "free",
        },
        {
          -- CONCURRENTLY waits for whoever has used the table; a prepared transaction ends only when somebody ends it.
          name = "no prepared transaction holds the table", otherwise = "retry",
          sql = "select count(*) as holders from pg_catalog.pg_locks where pid is null and relation = pg_catalog.to_regclass("
            .. u.literal(u.ident(o.schema, o.table)) .. ")",
          expect = "holders = 0",
        },
      },
      run = {
        {
          sql = "create index concurrently " .. u.ident(names.with(o.name, "_idx")) .. " on "
            .. u.ident(o.schema, o.table) .. " (" .. o.columns .. ")",
          transaction = false,
        },
      },
      settings = pace.build(o), turn = pace.turn(o),
      post = { { name = "the index is usable", sql = state(o), expect = "usable" } },
    }
  end,
}
