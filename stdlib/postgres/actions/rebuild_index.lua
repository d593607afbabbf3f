local names = require "postgres/names"
local pace = require "postgres/pace"
local amcheck = require "postgres/amcheck"

-- What it builds is NAME_ccnew, and what it replaced NAME_ccold until it is dropped: cut off before the swap it leaves one, after
-- it the other.
local function leftovers(o)
  local found = {}
  for _, suffix in ipairs { "_ccnew", "_ccold" } do
    table.insert(found, "pg_catalog.to_regclass(" .. u.literal(u.ident(o.schema, names.with(o.name, suffix))) .. ")")
  end
  return "select count(*) as leftovers from pg_catalog.pg_index where not indisvalid and indexrelid in ("
    .. table.concat(found, ", ") .. ")"
end

local function state(o)
  return "select i.indisvalid and i.indisready and i.indislive as usable,"
    .. " pg_catalog.pg_relation_filenode(i.indexrelid)::bigint as file, (" .. leftovers(o) .. ")"
    .. " from pg_catalog.pg_index i where i.indexrelid = pg_catalog.to_regclass(" .. u.literal(o.sql) .. ")"
end
local rebuilt = "usable and file <> before.file and leftovers = 0"

-- Rebuilt, and with `verify` looked through as well.
local function done(o, p)
  if not p.verify then return { name = "rebuilt", sql = state(o), expect = rebuilt } end
  return {
    name = "rebuilt and looked through",
    sql = state(o):replace(" from pg_catalog.pg_index i where",
      ", (select count(*) from upkeep.finding f where f.run = $1 and f.step = $2) as findings from pg_catalog.pg_index i where"),
    params = { { from = "step.run" }, { from = "step.id" } },
    expect = rebuilt .. " and findings >= 1",
  }
end

-- Without a ledger, or rights on it, what is written down beside it is not: the rebuild is no worse for it.
local no_ledger = { "3F000", "42501", "42P01", "54000" }

return action {
  name = "rebuild_index", engine = "postgres", kind = "index",
  needs = { privileges = { "maintain" } },
  doc = "writes an index anew (REINDEX), without blocking writers when `online`",
  parameters = {
    online = { type = "bool", default = true, doc = "CONCURRENTLY; otherwise writers of the table wait" },
    verify = { type = "bool", default = false, doc = "look for damage afterwards, each row of the table included (amcheck), and record it" },
    baseline = { type = "bool", default = false, doc = "write down its size beside the ledger, by which `size_to_best_ratio` judges it later" },
    tablespace = { type = "text", doc = "put it there (14 and later)" },
  },
  reads = {
    "table", "size", "is_exclusion", "is_partitioned", "is_system", "am", "corruption_found", "instance.amcheck_schema",
    "instance.role", "table.corruption_found", "table.damaged_index", "instance.version",
    "is_owned", "collation_drift", "collation_versions",
  },
  atomicity = "autocommit",
  risk = function(o, p)
    if not p.online then return "high" end
    -- Who may maintain the table and does not own it (17) cannot drop what is left of a rebuild that is cut off.
    if o.is_owned == false then return "medium" end
    return "low"
  end,
  explain = {
    risk = "low; medium where the role does not own the table, and could not drop what a broken rebuild leaves; high with `online: false`, which makes writers wait",
  },
  locks = function(o, p)
    if p.online then return { { mode = "share update exclusive", object = { o.schema, o.table } } } end
    return {
      { mode = "share", object = { o.schema, o.table } },
      { mode = "access exclusive", object = { o.schema, o.name } },
    }
  end,
  post = "not_broken",
  blocked_by = {
    {
      when = "table.corruption_found > 0",
      why = "damage was found in its table: restore the table from a backup, or save what can be read, before an index is built from it",
    },
    {
      when = "corruption_found > 0 and table.damaged_index is not null and instance.version >= v14",
      why = "the index is damaged and its table was not checked since: verify_integrity of the table comes first",
    },
  },
  -- CONCURRENTLY waits for old snapshots after its work is done: a lock timeout would throw the work away (and leave NAME_ccnew).
  timeouts = { lock = function(o, p) return not p.online end },
  dangerous = {
    { min = "14", below = "14.4", why = "REINDEX CONCURRENTLY can leave rows out of the index before 14.4" },
  },
  undo = { class = "none", why = "a rebuilt index holds the same entries" },
  estimate = function(o, p)
    return { reads_bytes = o.size, writes_bytes = o.size, wal_bytes = o.size, disk_peak_bytes = o.size }
  end,
  probe = function(o, p)
    local cleanup = {}
    for _, suffix in ipairs { "_ccnew", "_ccold" } do
      local sql = "drop index concurrently if exists " .. u.ident(o.schema, names.with(o.name, suffix))
      table.insert(cleanup, { sql = sql, transaction = false })
    end
    return {
      done = done(o, p),
      partial = {
        name = "an unfinished or a replaced copy is left",
        sql = leftovers(o),
        expect = "leftovers > 0",
      },
      cleanup = cleanup,
    }
  end,
  plan = function(o, p)
    u.known(o, "table", "size")
    if o.is_partitioned then u.refuse("a partitioned index holds nothing; those of the partitions are rebuilt") end
    if p.online and (o.is_exclusion or o.is_system) then
      u.refuse("PostgreSQL cannot rebuild indexes of exclusion constraints or of the system online")
    end
    local how = ""
    if p.tablespace then
      if o.engine_version < u.version("14") then error("`tablespace` needs PostgreSQL 14") end
      how = "(tablespace " .. u.ident(p.tablespace) .. ") "
    end
    local run = {
      { sql = "reindex " .. how .. "index " .. (p.online and "concurrently " or "") .. o.sql, transaction = false },
    }
    if p.verify then
      local check = amcheck.index(o, { heapallindexed = o.am == "btree" })
      check.name = "rebuild_index"
      for _, statement in ipairs(amcheck.run(o, "index", check)) do table.insert(run, statement) end
    end
    if p.baseline then
      table.insert(run, {
        sql = sql_file "save_baseline.sql", transaction = false, returns = "baseline", catch = no_ledger,
        params = { { from = "step.run" }, { from = "step.id" }, o.schema, o.name, o.sql },
      })
    end
    if o.collation_drift then
      u.known(o, "collation_versions")
      table.insert(run, {
        sql = sql_file "save_collation.sql", transaction = false, returns = "mark", catch = no_ledger,
        params = { { from = "step.run" }, { from = "step.id" }, o.schema, o.name, o.collation_versions },
      })
    end
    return {
      pre = {
        { name = "the index is there", otherwise = "skip", sql = state(o), expect = "row_count = 1" },
        {
          name = "no index of its table is being built", otherwise = "retry",
          sql = "select count(*) as builds from pg_catalog.pg_stat_progress_create_index where relid ="
            .. " pg_catalog.to_regclass(" .. u.literal(u.ident(o.schema, o.table)) .. ")",
          expect = "builds = 0",
        },
        {
          -- CONCURRENTLY waits for whoever has used the table; a prepared transaction ends only when somebody ends it.
          name = "no prepared transaction holds the table", otherwise = "retry",
          sql = "select count(*) as holders from pg_catalog.pg_locks where pid is null and relation = pg_catalog.to_regclass("
            .. u.literal(u.ident(o.schema, o.table)) .. ")",
          expect = "holders = 0",
        },
      },
      run = run,
      settings = pace.build(o), turn = pace.turn(o),
      post = { done(o, p) },
    }
  end,
}
