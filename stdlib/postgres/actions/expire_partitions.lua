local names = require "postgres/names"
local partitions = require "postgres/partitions"

-- DETACH .. CONCURRENTLY (14) lets readers and writers go on; not with a default partition (manual, ALTER TABLE).
local function concurrent(o) return o.engine_version >= u.version("14") and not o.default_partition end

local function quarantine(o, p, schema, name)
  if p.to_schema then return p.to_schema, name end
  return schema, names.with(name, "_expired")
end

-- Partitions that have ended and are past their retention: old and new name, bounds.
local function due(o, p)
  partitions.check(o)
  if not p.retention and not p.keep then error("expire_partitions needs `retention` or `keep`") end
  if o.referenced_by then u.refuse("foreign keys refer to it: " .. o.referenced_by) end
  if p.retention and not o.oldest_partition_age then u.refuse("its bounds are no times: say `keep`") end
  u.known(o, "partitions_behind")
  local all = {}
  for i, name in ipairs(o.past_names) do
    local old = (not p.retention or tonumber(o.past_ages[i]) >= p.retention) and (not p.keep or i <= o.partitions_behind - p.keep)
    if old and #all < p.max_expired then
      local schema = o.past_schemas[i]
      local to_schema, to_name = quarantine(o, p, schema, name)
      table.insert(all, {
        schema = schema, name = name, from = u.ident(schema, name), to_schema = to_schema, to_name = to_name,
        to = u.ident(to_schema, to_name), bound = o.past_bounds[i],
      })
    end
  end
  if #all == 0 then u.refuse("none of its partitions is past `retention` and `keep`") end
  return all
end

local function oid(text) return "pg_catalog.to_regclass(" .. u.literal(text) .. ")" end

local function moved(part)
  if part.to_schema ~= part.schema then return "alter table " .. part.from .. " set schema " .. u.ident(part.to_schema) end
  return "alter table " .. part.from .. " rename to " .. u.ident(part.to_name)
end

local function moved_back(part)
  if part.to_schema ~= part.schema then return "alter table " .. part.to .. " set schema " .. u.ident(part.schema) end
  return "alter table " .. part.to .. " rename to " .. u.ident(part.name)
end

-- Noted before it is taken out: nothing in quarantine is unknown. Its time begins when it is out.
local function note(o, part)
  return {
    sql = "insert into upkeep.saved (run, step, kind, schema_name, name, what, content) select $1::text, $2::text, 'partition', "
      .. u.literal(part.to_schema) .. ", " .. u.literal(part.to_name) .. ", 'quarantine', pg_catalog.json_build_object('oid', c.oid,"
      .. " 'set', " .. u.literal(o.sql) .. ", 'bound', " .. u.literal(part.bound) .. ")::text from pg_catalog.pg_class c where c.oid = "
      .. oid(part.from),
    params = { { from = "step.run" }, { from = "step.id" } },
  }
end

local function out(part)
  return "if exists (select from pg_catalog.pg_class where oid = " .. oid(part.from) .. " and not relispartition) then "
    .. moved(part) .. "; update upkeep.saved set saved_at = pg_catalog.clock_timestamp() where kind = 'partition' and schema_name = "
    .. u.literal(part.to_schema) .. " and name = " .. u.literal(part.to_name) .. " and (content::jsonb ->> 'oid')::oid = " .. oid(part.to)
    .. "; end if"
end

local function state(o, all)
  local from, to = {}, {}
  for _, part in ipairs(all) do
    table.insert(from, part.from)
    table.insert(to, "(" .. oid(part.to) .. " is not null)::int")
  end
  return "select " .. partitions.attached(o, from) .. " as attached, " .. table.concat(to, " + ") .. " as kept, (select count(*)"
    .. " from pg_catalog.pg_inherits h where h.inhparent = " .. oid(o.sql)
    .. " and (pg_catalog.to_jsonb(h) ->> 'inhdetachpending')::bool) as pending"
end

local function finished(all) return string.format("attached = 0 and pending = 0 and kept = %d", #all) end

return action {
  name = "expire_partitions", engine = "postgres", kind = "partition_set",
  doc = "takes partitions past their retention out of their set, oldest first, and keeps them in quarantine until drop_quarantined",
  parameters = {
    retention = { type = "duration", min = 1, doc = "those that ended so long ago; never the one that is written to now" },
    keep = { type = "int", min = 1, max = 100000, doc = "but keep so many that have ended; of ids, this says which are old" },
    max_expired = { type = "int", default = 10, min = 1, max = 32, doc = "at most so many at once" },
    to_schema = { type = "text", doc = "move them to this schema, which exists; otherwise their names get _expired behind them" },
  },
  reads = {
    "managed_by", "strategy", "key", "default_partition", "referenced_by", "oldest_partition_age", "partitions_behind", "past_schemas",
    "past_names", "past_bounds", "past_ages", "table.is_owned",
  },
  needs = { privileges = { "owner" }, capabilities = { "ledger" } },
  atomicity = function(o, p)
    if concurrent(o) then return "autocommit" end
    return "transaction"
  end,
  risk = "medium",
  destructive = true,
  explain = {
    atomicity = "autocommit (DETACH .. CONCURRENTLY); transaction on PostgreSQL 13 and with a default partition, which locks the set for a moment",
    undo = "inverse: they are attached again",
  },
  locks = function(o, p)
    return { { mode = concurrent(o) and "share update exclusive" or "access exclusive", object = { o.schema, o.name } } }
  end,
  timeouts = { lock = function(o, p) return not concurrent(o) end },
  post = "own",
  after = { "create_partitions" },
  undo = function(o, p)
    local steps = {}
    for _, part in ipairs(due(o, p)) do
      table.insert(steps, {
        sql = "do " .. u.literal("begin if " .. oid(part.to) .. " is not null then " .. moved_back(part) .. "; end if;"
          .. " if not (select relispartition from pg_catalog.pg_class where oid = " .. oid(part.from) .. ") then alter table " .. o.sql
          .. " attach partition " .. part.from .. " " .. part.bound .. "; end if; end"),
      })
    end
    table.insert(steps, {
      sql = "delete from upkeep.saved where run = $1 and step = $2 and kind = 'partition'",
      params = { { from = "step.run" }, { from = "step.id" } },
    })
    return { class = "inverse", why = "they are attached again", steps = steps }
  end,
  estimate = function(o, p)
    return { reads_bytes = 0, writes_bytes = 65536, disk_peak_bytes = 0, blocking_ms = concurrent(o) and 0 or 50, ms = 500 }
  end,
  probe = function(o, p)
    if not concurrent(o) then return nil end
    local all = due(o, p)
    local finish = {}
    for _, part in ipairs(all) do
      table.insert(finish, "if exists (select from pg_catalog.pg_inherits h where h.inhparent = " .. oid(o.sql) .. " and h.inhrelid = "
        .. oid(part.from) .. " and h.inhdetachpending) then alter table " .. o.sql .. " detach partition " .. part.from
        .. " finalize; end if")
    end
    return {
      done = { name = "they are in quarantine", sql = state(o, all), expect = finished(all) },
      partial = { name = "a detaching was cut off", sql = state(o, all), expect = "pending > 0" },
      cleanup = { partitions.together(finish) },
    }
  end,
  plan = function(o, p)
    partitions.owned(o)
    local all = due(o, p)
    local other, taken, run = {}, {}, {}
    for _, part in ipairs(all) do
      table.insert(other, "coalesce((select (pg_catalog.pg_get_expr(relpartbound, oid) <> " .. u.literal(part.bound)
        .. ")::int from pg_catalog.pg_class where relispartition and oid = " .. oid(part.from) .. "), 0)")
      table.insert(taken, "(" .. oid(part.from) .. " is not null and " .. oid(part.to) .. " is not null)::int")
      table.insert(run, note(o, part))
      if concurrent(o) then
        table.insert(run, {
          -- Begun anew after a crash, it is out already.
          sql = "alter table " .. o.sql .. " detach partition " .. part.from .. " concurrently", transaction = false, catch = { "42P01" },
          returns = "detached",
        })
      else
        table.insert(run, { sql = "alter table " .. o.sql .. " detach partition " .. part.from })
      end
      table.insert(run, partitions.together { out(part) })
    end
    return {
      pre = {
        {
          name = "their bounds are the planned ones", otherwise = "fail", sql = "select " .. table.concat(other, " + ") .. " as others",
          expect = "others = 0",
        },
        {
          name = "their names in quarantine are free", otherwise = "fail", sql = "select " .. table.concat(taken, " + ") .. " as taken",
          expect = "taken = 0",
        },
        {
          name = "no foreign key refers to the set", otherwise = "fail",
          sql = "select count(*) as keys from pg_catalog.pg_constraint where contype = 'f' and confrelid = " .. oid(o.sql),
          expect = "keys = 0",
        },
        {
          -- CONCURRENTLY waits for whoever has used the set; a prepared transaction ends only when somebody ends it.
          name = "no prepared transaction holds the set", otherwise = "retry",
          sql = "select count(*) as holders from pg_catalog.pg_locks where pid is null and relation = " .. oid(o.sql),
          expect = "holders = 0",
        },
      },
      run = run,
      post = { { name = "they are in quarantine", sql = state(o, all), expect = finished(all) } },
    }
  end,
}
