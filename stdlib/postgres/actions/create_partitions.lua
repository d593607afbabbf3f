local calendar = require "postgres/calendar"
local partitions = require "postgres/partitions"

-- A default partition of at most so many rows is read within the lock: that takes milliseconds. A longer one is read before, under a constraint
-- that then proves it to ATTACH (manual, 5.12.2.2).
local short_rows = 10000
local most_drained = 100000
local largest = { smallint = 32767, integer = 2147483647, bigint = 9007199254740991 }

local function following(o, at)
  if o.step_months then return calendar.add_months(at, o.step_months) end
  if o.step_days then return at + o.step_days * 86400000000 end
  return at + o.step_size
end

local function is_time(o) return largest[o.key_type] == nil end

-- A bound as SQL of the key's type.
local function bound(o, at)
  if not is_time(o) then return string.format("%d", at) end
  if o.key_type == "date" then return u.literal(calendar.text(at, false)) end
  local zone = o.key_type == "timestamp with time zone" and " " .. (o.timezone or "UTC") or ""
  return u.literal(calendar.text(at, true) .. zone)
end

local function name(o, first, last)
  local ends = {
    first = string.format("%d", first), last = string.format("%d", last - 1), ["end"] = string.format("%d", last),
    number = o.step_size and o.step_size > 0 and string.format("%d", first // o.step_size) or nil,
  }
  local suffix
  if not o.name_format then
    suffix = "_p" .. (is_time(o) and calendar.format(first, o.step_size and "YYYYMMDDHH24MI" or "YYYYMMDD") or ends.first)
  else
    suffix = is_time(o) and calendar.format(first, o.name_format) or ends[o.name_format]
  end
  local whole = (o.name_format and o.name_prefix or o.name) .. suffix
  if #whole > 63 then u.refuse("the names of new partitions would be longer than 63 bytes") end
  return whole
end

-- The ranges to make: first, last, name.
local function wanted(o, p)
  partitions.check(o)
  if o.referenced_by and o.default_partition and p.drain_default then
    u.refuse("rows of its default partition cannot be moved: " .. o.referenced_by .. " may point to them")
  end
  if not o.interval then u.refuse("its interval is not known: " .. (o["interval.reason"] or "its partitions differ")) end
  if not o.model then u.refuse("none of its partitions is a plain table that new ones could be made like") end
  u.known(o, "edge", "position", "partitions_ahead")
  if o.published and not p.published then
    u.refuse("its changes are published under the names of its partitions: subscribers need new ones first; then `published: true`")
  end
  local until_time = p.ahead_time and o.position + p.ahead_time or o.position
  if p.ahead_time and not is_time(o) then u.refuse("its bounds are no times: say `ahead`") end
  local all, ahead, at = {}, o.partitions_ahead, o.edge
  while ahead < p.ahead or at < until_time do
    if #all == p.max_new then
      u.refuse(string.format("it would need more than %d new partitions: raise `max_new`, or make the first of them by hand", p.max_new))
    end
    local next_at = following(o, at)
    if largest[o.key_type] and next_at > largest[o.key_type] then u.refuse("its key's type ends before that") end
    if o.next_bound and next_at > o.next_bound then u.refuse("a later partition stands in the way, behind a gap") end
    table.insert(all, { first = at, last = next_at, name = u.ident(o.model_schema, name(o, at, next_at)) })
    if at > o.position then ahead = ahead + 1 end
    at = next_at
  end
  if #all == 0 then u.refuse("it has as many partitions ahead as `ahead` and `ahead_time` ask for") end
  return all
end

local function names_of(all)
  local list = {}
  for _, range in ipairs(all) do table.insert(list, range.name) end
  return list
end

local function reads_before(o, p)
  return o.default_partition and not p.drain_default and (not o.default_rows or o.default_rows > short_rows)
end

local function within(o, all)
  return o.key .. " >= " .. bound(o, all[1].first) .. "::" .. o.key_type .. " and " .. o.key .. " < " .. bound(o, all[#all].last)
    .. "::" .. o.key_type
end

local function make(o, p, range)
  local into = {}
  table.insert(into, "create " .. (o.model_persistence or "") .. "table " .. range.name .. " (like " .. o.sql
    .. " including all excluding identity excluding indexes excluding statistics)"
    .. (o.model_method and " using " .. u.ident(o.model_method) or "")
    .. (o.model_tablespace and " tablespace " .. u.ident(o.model_tablespace) or ""))
  for _, statement in ipairs(o.model_statements) do table.insert(into, string.replace(statement, "{new}", range.name)) end
  if p.drain_default and o.default_partition then
    table.insert(into, "with gone as (delete from only " .. o.default_partition .. " where " .. within(o, { range }) .. " returning *)"
      .. " insert into " .. range.name .. " (" .. o.writable_columns .. ") overriding system value select " .. o.writable_columns
      .. " from gone")
  end
  table.insert(into, "alter table " .. o.sql .. " attach partition " .. range.name .. " for values from (" .. bound(o, range.first)
    .. ") to (" .. bound(o, range.last) .. ")")
  if o.identity_index then
    table.insert(into, "do " .. u.literal("begin execute (select 'alter table ' || " .. u.literal(range.name)
      .. " || ' replica identity using index ' || pg_catalog.quote_ident(x.relname) from pg_catalog.pg_inherits h"
      .. " join pg_catalog.pg_class x on x.oid = h.inhrelid join pg_catalog.pg_index i on i.indexrelid = x.oid"
      .. " where h.inhparent = " .. u.literal(o.identity_index) .. "::pg_catalog.regclass and i.indrelid = "
      .. u.literal(range.name) .. "::pg_catalog.regclass); end"))
  end
  return into
end

local function proof(o) return "alter table " .. o.default_partition .. " drop constraint if exists upkeep_no_new_rows" end

local function run(o, p, all)
  local statements = {}
  if p.drain_default and o.default_partition then
    -- Nobody may write there what would then be found in the wrong place.
    table.insert(statements, "lock table only " .. o.default_partition .. " in access exclusive mode")
  end
  for _, range in ipairs(all) do
    for _, sql in ipairs(make(o, p, range)) do table.insert(statements, sql) end
  end
  if not reads_before(o, p) then
    local each = {}
    for _, sql in ipairs(statements) do table.insert(each, { sql = sql }) end
    return each
  end
  table.insert(statements, proof(o))
  return {
    {
      sql = "alter table " .. o.default_partition .. " add constraint upkeep_no_new_rows check (" .. o.key .. " is null or not ("
        .. within(o, all) .. ")) not valid",
    },
    { sql = "alter table " .. o.default_partition .. " validate constraint upkeep_no_new_rows" },
    partitions.together(statements),
  }
end

return action {
  name = "create_partitions", engine = "postgres", kind = "partition_set",
  needs = { privileges = { "owner" } },
  doc = "makes the next partitions of a set by range: as long as its others, named as they are, with their owner, grants, storage and indexes",
  parameters = {
    ahead = { type = "int", default = 0, min = 0, max = 1000, doc = "so many partitions behind the one that is written to now" },
    ahead_time = { type = "duration", min = 0, doc = "or as many as reach so far ahead" },
    max_new = { type = "int", default = 32, min = 1, max = 200, doc = "never more than so many at once" },
    drain_default = {
      type = "bool", default = false,
      doc = "move rows of the new ranges out of the default partition, at most 100,000, while nobody can use it; otherwise they make it refuse",
    },
    published = { type = "bool", default = false, doc = "go on although subscribers need the same partitions" },
  },
  reads = {
    "managed_by", "strategy", "key", "key_type", "interval", "timezone", "step_months", "step_days", "step_size", "partitions_ahead",
    "position", "edge", "next_bound", "name_format", "name_prefix", "default_partition", "default_rows", "referenced_by", "writable_columns",
    "model", "model_schema", "model_persistence", "model_method", "model_tablespace", "model_statements", "identity_index", "published",
    "table.is_owned",
  },
  atomicity = function(o, p)
    if reads_before(o, p) then return "autocommit" end
    return "transaction"
  end,
  risk = function(o, p)
    if p.drain_default and o.default_partition then return "high" end
    if o.default_partition then return "medium" end
    return "low"
  end,
  explain = {
    atomicity = "transaction; autocommit with a default partition of more than 10,000 rows, which is read before it is locked: until the new "
      .. "partitions are there it takes no row of their range",
    risk = "low; medium with a default partition, which is locked; high with `drain_default`",
    undo = "inverse: the new partitions are dropped, unless they hold rows; none with `drain_default`",
  },
  -- CREATE .. PARTITION OF would lock the set itself ACCESS EXCLUSIVE; ATTACH does not.
  locks = function(o, p)
    local locks = { { mode = "share update exclusive", object = { o.schema, o.name } } }
    if o.default_partition then table.insert(locks, { mode = "access exclusive", object = { o.default_partition } }) end
    return locks
  end,
  post = "holds",
  undo = function(o, p)
    if p.drain_default and o.default_partition then return { class = "none", why = "rows of the default partition are in them" } end
    local steps = {}
    for _, range in ipairs(wanted(o, p)) do
      table.insert(steps, {
        sql = "do " .. u.literal("begin if pg_catalog.to_regclass(" .. u.literal(range.name) .. ") is null then return; end if;"
          .. " lock table " .. range.name .. " in access exclusive mode;"
          .. " if exists (select from " .. range.name .. ") then raise exception 'it holds rows by now'; end if;"
          .. " drop table " .. range.name .. "; end"),
      })
    end
    return { class = "inverse", why = "the new partitions are dropped, unless they hold rows", steps = steps }
  end,
  estimate = function(o, p)
    local rows = o.default_partition and (o.default_rows or 1000000) or 0
    return {
      reads_bytes = rows * 100, writes_bytes = 65536, disk_peak_bytes = 0,
      blocking_ms = o.default_partition and 10 + (reads_before(o, p) and 0 or rows // 1000) or 0, ms = 100 + rows // 1000,
    }
  end,
  probe = function(o, p)
    if not reads_before(o, p) then return nil end
    local all = wanted(o, p)
    local state = "select " .. partitions.attached(o, names_of(all)) .. " as attached, (select count(*) from pg_catalog.pg_constraint"
      .. " where conrelid = " .. u.literal(o.default_partition) .. "::pg_catalog.regclass and conname = 'upkeep_no_new_rows') as proofs"
    return {
      done = { name = "the partitions are there", sql = state, expect = string.format("attached = %d and proofs = 0", #all) },
      partial = { name = "the default partition still refuses their rows", sql = state, expect = "proofs > 0" },
      cleanup = { { sql = proof(o) } },
    }
  end,
  plan = function(o, p)
    partitions.owned(o)
    local all = wanted(o, p)
    local taken = {}
    for _, range in ipairs(all) do
      table.insert(taken, "(pg_catalog.to_regclass(" .. u.literal(range.name) .. ") is not null)::int")
    end
    local pre = {
      {
        name = "the names of the new partitions are free", otherwise = "fail",
        sql = "select " .. table.concat(taken, " + ") .. " as taken", expect = "taken = 0",
      },
    }
    if o.default_partition then
      local held = p.drain_default and most_drained or 0
      table.insert(pre, {
        name = held > 0 and "the default partition holds few rows of the new ranges"
          or "the default partition holds no row of the new ranges (`drain_default: true` moves them)",
        otherwise = "fail",
        sql = "select count(*) as rows from (select from " .. o.default_partition .. " where " .. within(o, all)
          .. string.format(" limit %d) r", held + 1),
        expect = string.format("rows <= %d", held),
      })
    end
    return {
      pre = pre, run = run(o, p, all),
      post = {
        {
          name = "the partitions are there", sql = "select " .. partitions.attached(o, names_of(all)) .. " as attached",
          expect = string.format("attached = %d", #all),
        },
      },
    }
  end,
}
