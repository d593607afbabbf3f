local horizon = require "postgres/horizon"
local pace = require "postgres/pace"

-- Online, a row moves when it is updated and its page has no room for the new version: the rows of the last pages are set to themselves
-- until they have gone to pages further ahead, in short transactions; then a plain VACUUM gives the empty end back.
-- (heapam.c, heap_update; vacuumlazy.c, lazy_truncate_heap, which gives way to whoever waits.)

local function pages(o)
  return "pg_catalog.pg_relation_size(" .. u.literal(o.sql) .. "::pg_catalog.regclass) / current_setting('block_size')::bigint"
end

local function state(o)
  return "select " .. pages(o) .. " as pages, pg_catalog.pg_relation_filenode(c.oid)::bigint as file, ceil("
    .. pages(o) .. " * " .. (1000000 - o.bloat_ratio) .. " / 990000.0)::bigint + 1 as goal, greatest(c.reltuples, 0)::bigint * "
    .. o.bloat_ratio .. " / 1000000 as rows_behind from pg_catalog.pg_class c where c.oid = pg_catalog.to_regclass("
    .. u.literal(o.sql) .. ")"
end

-- Which rows begin in the pages from first_page up to page.
local function within(o)
  if o.engine_version >= u.version("14") then
    return "r.ctid >= pg_catalog.format('(%s,0)', first_page)::tid and r.ctid < pg_catalog.format('(%s,0)', page)::tid"
  end
  return "r.ctid = any (array(select pg_catalog.format('(%s,%s)', p, i)::tid"
    .. " from pg_catalog.generate_series(first_page, page - 1) p, pg_catalog.generate_series(1, 291) i))"
end

-- One of our rows has gone behind the pages that were there: there is no room left further ahead.
local function beyond(o)
  local behind = "r.ctid >= pg_catalog.format('(%s,0)', size)::tid"
  if o.engine_version < u.version("14") then
    behind = "r.ctid = any (array(select pg_catalog.format('(%s,%s)', p, i)::tid from pg_catalog.generate_series(size, "
      .. pages(o) .. " - 1) p, pg_catalog.generate_series(1, 291) i))"
  end
  return pages(o) .. " > size and exists (select from only " .. o.sql .. " r where " .. behind
    .. " and r.xmin = pg_catalog.pg_current_xact_id()::xid)"
end

-- From page on everything is empty. A row that somebody has locked is left where it is. Within one transaction the old versions cannot
-- go, so that a page fills up.
local function round(o)
  return u.literal("declare"
    .. "  page bigint := pg_catalog.current_setting('upkeep.page');"
    .. "  goal bigint := pg_catalog.current_setting('upkeep.goal');"
    .. "  wanted bigint := pg_catalog.current_setting('upkeep.wanted');"
    .. "  size bigint := " .. pages(o) .. ";"
    .. "  lowest bigint := greatest(goal, page - 20000);"
    .. "  first_page bigint; moved bigint := 0; versions bigint; passes int;"
    .. " begin"
    .. "  while page > lowest and moved < wanted loop"
    .. "    first_page := greatest(lowest, page - 8); passes := 0;"
    .. "    loop"
    .. "      update only " .. o.sql .. " set " .. o.touch_column .. " = " .. o.touch_column .. " where ctid = any (array("
    .. "        select r.ctid from only " .. o.sql .. " r where " .. within(o) .. " for update skip locked));"
    .. "      get diagnostics versions = row_count;"
    .. "      exit when versions = 0 or passes = 300;"
    .. "      if passes = 0 then moved := moved + versions; end if;"
    .. "      passes := passes + 1;"
    .. "    end loop;"
    .. "    page := first_page;"
    .. "    if " .. beyond(o) .. " then page := goal; end if;"
    .. "    exit when page = goal;"
    .. "  end loop;"
    .. "  perform pg_catalog.set_config('upkeep.page', page::text, false), pg_catalog.set_config('upkeep.moved', moved::text, false);"
    .. " end")
end

-- Rows of one round: at least as many as were wanted, until the goal is reached.
local report = "select p as page, case when p > g then greatest(m, w) else m end as treated from (select"
  .. " pg_catalog.current_setting('upkeep.page')::bigint as p, pg_catalog.current_setting('upkeep.goal')::bigint as g,"
  .. " pg_catalog.current_setting('upkeep.moved')::bigint as m, pg_catalog.current_setting('upkeep.wanted')::bigint as w) s"

local function sweep(o)
  return {
    { sql = "select " .. pages(o) .. " as page", returns = "moved" },
    -- Who changes a row that moved waits until its round ends: hence 30 ms.
    {
      batch = {
        run = {
          {
            sql = "select pg_catalog.set_config('upkeep.page', $1::bigint::text, false),"
              .. " pg_catalog.set_config('upkeep.goal', $2::bigint::text, false), pg_catalog.set_config('upkeep.wanted', $3::bigint::text, false)",
            params = { { from = "moved.page" }, { from = "before.goal" }, { from = "batch.limit" } },
          },
          { sql = "do " .. round(o) },
          { sql = report, returns = "moved" },
        },
        count = "moved.treated", of = "before.rows_behind", start_rows = 200, max_rows = 10000, target_ms = 30,
      },
    },
    -- Before the empty end goes: a step that is cut off after that counts as done.
    { sql = "analyze " .. o.sql },
    { sql = "vacuum (index_cleanup on, truncate on) " .. o.sql, transaction = false },
  }
end

local function refuse(o, p)
  if o.type ~= "table" then u.refuse("a " .. (o.type or "thing") .. " has no rows that could be moved") end
  if o.is_system then u.refuse("it belongs to the server") end
  if not o.bloat_ratio then u.refuse("how much of it is empty is not known: it needs statistics") end
  u.known(o, "size", "index_size")
  if not p.online then return end
  u.known(o, "update_effects", "row_security", "unproved", "published")
  if o.update_effects > 0 then u.refuse("an update of its rows sets off triggers or rules") end
  if o.row_security then u.refuse("this role sees only some of its rows") end
  if o.unproved > 0 then u.refuse("it has constraints that some of its rows may not meet (NOT VALID)") end
  if o.published and not p.published then u.refuse("its changes are published: moving its rows would send them; `published: true` does it") end
  if not o.touch_column then u.refuse("it has no column that an update could set to itself") end
end

return action {
  name = "compact_table", engine = "postgres", kind = "table",
  needs = { privileges = { "owner" } },
  doc = "gives the empty space of a table back: online, by moving the rows of its last pages ahead; TOAST and indexes keep their size",
  parameters = {
    online = { type = "bool", default = true, doc = "rows are moved in short transactions; otherwise VACUUM FULL, and everybody waits" },
    published = { type = "bool", default = false, doc = "move them although subscribers get every move as a change" },
  },
  reads = horizon.with {
    "size", "index_size", "toast_size", "type", "is_system", "bloat_ratio", "touch_column", "update_effects", "row_security", "unproved", "published",
    "corruption_found", "dead_rows", "vacuum_age",
  },
  atomicity = "autocommit",
  risk = function(o, p)
    if p.online then return "medium" end
    return "high"
  end,
  explain = { risk = "medium; high with `online: false`, which makes everybody wait" },
  locks = function(o, p)
    local mode = p.online and "share update exclusive" or "access exclusive"
    return { { mode = mode, object = { o.schema, o.name } } }
  end,
  post = "own",
  subsumes = { "vacuum" },
  blocked_by = {
    { when = "corruption_found > 0", why = "damage was found; save what can be saved before anything rewrites it" },
    horizon.useless[1], horizon.useless[2], horizon.useless[3],
    -- The places that rows were moved from are free for the cut only when nobody can see them there.
    horizon.blocks("database.xmin_horizon_held_for > 1h", "an old snapshot would keep the places that rows are moved from"),
  },
  undo = { class = "none", why = "the same rows stand in fewer pages" },
  estimate = function(o, p)
    refuse(o, p)
    local tail = o.size // 1000000 * o.bloat_ratio
    if p.online then
      return {
        reads_bytes = 3 * o.size + 3 * o.index_size, writes_bytes = 3 * tail, wal_bytes = 3 * tail, disk_peak_bytes = 0, blocking_ms = 0,
        ms = tail // 8000 + (pace.milliseconds(o, o.size + o.index_size, tail) or 0),
      }
    end
    local kept = o.size - tail + o.index_size
    return {
      reads_bytes = o.size, writes_bytes = kept, wal_bytes = kept, disk_peak_bytes = kept, blocking_ms = kept // 100000, ms = kept // 100000,
    }
  end,
  probe = function(o, p)
    refuse(o, p)
    if p.online then
      return { done = { name = "it is smaller", sql = state(o), expect = "pages < before.pages" } }
    end
    return { done = { name = "it was written anew", sql = state(o), expect = "file <> before.file" } }
  end,
  plan = function(o, p)
    refuse(o, p)
    local pre = {
      { name = "the table is there", otherwise = "skip", sql = state(o), expect = "row_count = 1" },
      {
        name = "no vacuum works on it", otherwise = "retry",
        sql = "select count(*) as vacuums from pg_catalog.pg_stat_progress_vacuum where relid ="
          .. " pg_catalog.to_regclass(" .. u.literal(o.sql) .. ")",
        expect = "vacuums = 0",
      },
    }
    if not p.online then
      return {
        pre = pre, run = { { sql = "vacuum (full, analyze) " .. o.sql, transaction = false } },
        post = { { name = "it was written anew", sql = state(o), expect = "file <> before.file" } },
      }
    end
    -- The first says where there is room, and leaves the size alone, by which the probe sees that rows were moved; the second sweep takes
    -- what was locked, or came meanwhile.
    local run = { { sql = "vacuum (index_cleanup on, truncate off) " .. o.sql, transaction = false } }
    for _ = 1, 2 do
      for _, statement in ipairs(sweep(o)) do table.insert(run, statement) end
    end
    return {
      pre = pre, run = run, settings = pace.vacuum(o), turn = pace.turn(o),
      post = { { name = "it is smaller", sql = state(o), expect = "pages < before.pages" } },
    }
  end,
}
