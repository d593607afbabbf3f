-- What ALTER TABLE sets without a stronger lock than SHARE UPDATE EXCLUSIVE (manual, ALTER TABLE, SET ( storage_parameter )).
local weak = {
  "fillfactor", "parallel_workers", "toast_tuple_target", "vacuum_index_cleanup", "vacuum_truncate", "log_autovacuum_min_duration",
}

local function is_weak(name)
  if string.starts_with(name, "autovacuum_") then return true end
  for _, one in ipairs(weak) do
    if one == name then return true end
  end
  return false
end

-- The parameters to set: what was asked for, or a day's churn as autovacuum's threshold.
local function wanted(o, p)
  if p.name then
    if not p.value then error("`name` needs `value`") end
    if not is_weak(p.name) then
      error("set_table_parameter sets autovacuum_..., " .. table.concat(weak, ", "))
    end
    return { { name = p.name, value = p.value } }
  end
  local rows = p.trigger_rows
  if not rows then
    u.known(o, "updated_rows_trend", "deleted_rows_trend")
    rows = o.updated_rows_trend + o.deleted_rows_trend
    if rows < 1000 then rows = 1000 end
  end
  return {
    { name = "autovacuum_vacuum_scale_factor", value = "0" },
    { name = "autovacuum_vacuum_threshold", value = string.format("%d", rows) },
  }
end

local function value_of(o, name)
  for _, option in ipairs(o.options) do
    if string.starts_with(option, name .. "=") then return string.sub(option, #name + 2) end
  end
  return nil
end

local function check(o, list)
  local each, holds = {}, {}
  for _, one in ipairs(list) do
    if one.value then
      table.insert(each, "(p.option_name = " .. u.literal(one.name) .. " and p.option_value = " .. u.literal(one.value) .. ")")
    else
      table.insert(holds, "(p.option_name = " .. u.literal(one.name) .. ")")
    end
  end
  local from = " from pg_catalog.pg_class c where c.oid = pg_catalog.to_regclass(" .. u.literal(o.sql) .. ")"
  local function count(conditions)
    if #conditions == 0 then return "0" end
    return "(select count(*) from pg_catalog.pg_options_to_table(c.reloptions) p where " .. table.concat(conditions, " or ") .. ")"
  end
  return "select " .. count(each) .. " as given, " .. count(holds) .. " as others" .. from, string.format("given = %d and others = 0", #each)
end

local function alter(o, list)
  local set, reset = {}, {}
  for _, one in ipairs(list) do
    if one.value then table.insert(set, one.name .. " = " .. u.literal(one.value)) else table.insert(reset, one.name) end
  end
  local statements = {}
  if #set > 0 then table.insert(statements, { sql = "alter table " .. o.sql .. " set (" .. table.concat(set, ", ") .. ")" }) end
  if #reset > 0 then table.insert(statements, { sql = "alter table " .. o.sql .. " reset (" .. table.concat(reset, ", ") .. ")" }) end
  return statements
end

local function before(o, p)
  local list = {}
  for _, one in ipairs(wanted(o, p)) do table.insert(list, { name = one.name, value = value_of(o, one.name) }) end
  return list
end

return action {
  name = "set_table_parameter", engine = "postgres", kind = "table",
  doc = "sets a storage parameter of a table (ALTER TABLE SET); by itself the threshold of autovacuum, so that it comes about once a day",
  parameters = {
    name = { type = "text", doc = "the parameter; otherwise autovacuum_vacuum_threshold, with a scale factor of 0" },
    value = { type = "text", doc = "its value" },
    trigger_rows = {
      type = "int", min = 50, max = 2000000000,
      doc = "dead rows at which autovacuum comes; otherwise the updates and deletes of a day, as the state store's samples tell, at least 1,000",
    },
  },
  reads = function(p)
    if p.name or p.trigger_rows then return { "options", "is_partitioned", "type" } end
    return { "options", "is_partitioned", "type", "updated_rows_trend", "deleted_rows_trend" }
  end,
  atomicity = "transaction",
  risk = "low",
  locks = function(o, p) return { { mode = "share update exclusive", object = { o.schema, o.name } } } end,
  explain = { undo = "inverse: what it was set to is put back" },
  post = "not_broken",
  undo = function(o, p)
    return { class = "inverse", why = "what it was set to is put back", steps = alter(o, before(o, p)) }
  end,
  estimate = { reads_bytes = 0, writes_bytes = 8192, disk_peak_bytes = 0, blocking_ms = 0, ms = 20 },
  plan = function(o, p)
    if o.is_partitioned then u.refuse("a partitioned table has no storage of its own") end
    local old_sql, old = check(o, before(o, p))
    local new_sql, new = check(o, wanted(o, p))
    return {
      pre = {
        { name = "it is set to what was planned from", otherwise = "fail", sql = old_sql, expect = old },
        {
          -- Waiting for its lock would cancel an autovacuum at work.
          name = "no vacuum works on it", otherwise = "retry",
          sql = "select count(*) as vacuums from pg_catalog.pg_stat_progress_vacuum where relid ="
            .. " pg_catalog.to_regclass(" .. u.literal(o.sql) .. ")",
          expect = "vacuums = 0",
        },
      },
      run = alter(o, wanted(o, p)),
      post = { { name = "it is set", sql = new_sql, expect = new } },
    }
  end,
}
