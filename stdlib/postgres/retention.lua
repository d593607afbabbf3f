-- What archive_rows and expire_rows share: rows past their retention, taken in rounds.
--
-- A round picks rows that nobody holds (skip locked) and ends where the next one begins: behind a value of the column where an
-- index begins with it, else behind a place in the table. Without that each round would read the dead rows of all before it.
-- The value stays in the session, since it is data; a place is none. A second pass takes what was held during the first.
local retention = {}

local time_types = {
  ["date"] = true, ["timestamp with time zone"] = true, ["timestamp without time zone"] = true,
}

function retention.reads(p)
  return {
    "columns", "writable_columns", "delete_effects", "row_security", "is_partitioned", "type", "is_system", "extension",
    "persistence", "column_type(" .. p.column .. ")", "column_indexed(" .. p.column .. ")", "corruption_found",
  }
end

retention.parameters = {
  column = { type = "text", required = true, doc = "the date or timestamp that says how old a row is" },
  batch = { type = "int", default = 10000, min = 1, max = 1000000, doc = "at most so many rows in one transaction" },
  round = {
    type = "duration", default = "500ms", min = 1000, max = 60000000,
    doc = "what one transaction should take; their size follows from it",
  },
}

retention.blocked_by = {
  { when = "corruption_found > 0", why = "damage was found; save what can be saved before anything deletes from it" },
}

function retention.check(o, p)
  local kind = o["column_type(" .. p.column .. ")"]
  if o.is_partitioned then u.refuse("a partitioned table has no rows of its own; its partitions have") end
  if o.type ~= "table" then u.refuse("rows of a materialized view cannot be deleted") end
  if o.is_system or o.extension then u.refuse("it belongs to the server or to an extension") end
  if o.row_security then u.refuse("row security hides some of its rows from this role") end
  if o.delete_effects > 0 then
    u.refuse("a foreign key into it cascades or sets null: rows of other tables would go or change with its own")
  end
  if not kind or not time_types[kind] then u.refuse("the column is neither date nor timestamp") end
end

-- Older than `older_than` before $1, the start of the step.
local function due(p)
  return "t." .. u.ident(p.column) .. string.format(" < to_timestamp(($1::bigint - %d) / 1000000.0)", p.older_than)
end

retention.started = { from = "step.started_at" }

function retention.pre(o, p)
  return {
    {
      name = "rows past their retention", otherwise = "skip", params = { retention.started },
      sql = "select count(*) as due from only " .. o.sql .. " t where " .. due(p), expect = "due > 0",
    },
    {
      name = "the columns are the planned ones", otherwise = "fail",
      sql = "select string_agg(quote_ident(attname), ', ' order by attnum) as columns from pg_attribute"
        .. " where attrelid = " .. u.literal(o.sql) .. "::regclass and attnum > 0 and not attisdropped",
      expect = "columns = " .. u.literal(o.columns),
    },
    {
      name = "no foreign key carries deletes on, and no row is hidden", otherwise = "fail",
      sql = "select count(*) as effects, row_security_active(" .. u.literal(o.sql) .. ") as hidden from pg_constraint"
        .. " where contype = 'f' and confrelid = " .. u.literal(o.sql) .. "::regclass and confdeltype in ('c', 'n', 'd')",
      expect = "effects = 0 and not hidden",
    },
  }
end

function retention.fewer(o, p)
  return {
    -- Others may hold rows, and may insert old ones.
    name = "fewer rows past their retention", params = { retention.started },
    sql = "select count(*) as due from only " .. o.sql .. " t where " .. due(p), expect = "due = 0 or due < before.due",
  }
end

-- One pass of rounds over `source`: `which` picks (its parameters come first), and what was deleted is `gone` for `treat`, SQL
-- of one more `with` entry named `kept`, or nil. `column`, where given, is indexed and of type `kind`.
function retention.pass(o, p, pass)
  local params = {}
  for _, param in ipairs(pass.params) do table.insert(params, param) end
  table.insert(params, { from = "batch.limit" })
  local limit = string.format("$%d::bigint", #params)
  local from, order, reached, begin = "", "", "", nil
  if pass.column then
    from = " and t." .. u.ident(pass.column) .. " >= current_setting('upkeep.round_from')::" .. pass.kind
    order = " order by t." .. u.ident(pass.column)
    reached = ", set_config('upkeep.round_from', coalesce((select max(at)::text from picked),"
      .. " current_setting('upkeep.round_from')), false) is not null as reached"
    begin = "select set_config('upkeep.round_from', '-infinity', false) is not null as ready"
  elseif o.engine_version >= u.version("14") then
    table.insert(params, { from = "round.place" })
    local place = string.format("$%d::tid", #params)
    -- Read from the front to the back: max() is where this round ended.
    from = " and t.ctid > " .. place
    reached = ", coalesce((select max(place) from picked), " .. place .. ")::text as place"
    begin = "select set_config('synchronize_seqscans', 'off', false) as scans, '(0,0)' as place"
  else
    begin = "select set_config('synchronize_seqscans', 'off', false) as scans"
  end
  local last = #params
  for _, param in ipairs(pass.treat_params or {}) do table.insert(params, param) end
  local treat = pass.treat and string.replace(pass.treat, "{param}", string.format("$%d", last + 1)) or nil
  local sql = "with picked as materialized (select t.ctid as place"
    .. (pass.column and ", t." .. u.ident(pass.column) .. " as at" or "") .. " from only " .. pass.source .. " t where "
    .. pass.which .. from .. order .. " limit " .. limit .. " for update of t skip locked),\n"
    .. "gone as (delete from only " .. pass.source .. " t where t.ctid = any (array(select place from picked)) returning "
    .. pass.returning .. ")" .. (treat and ",\nkept as (" .. treat .. " returning 1)" or "") .. "\n"
    .. "select (select count(*) from picked) as picked, (select count(*) from gone) as gone"
    .. (treat and ", (select count(*) from kept) as kept" or "") .. reached
  return {
    { sql = begin, returns = "round" },
    {
      batch = {
        run = { { sql = sql, params = params, returns = "round" } },
        count = "round.picked", expect = treat and "round.kept = round.gone" or nil, of = pass.of, max_rows = p.batch,
        target_ms = p.round // 1000, total_rows = pass.total_rows,
      },
    },
  }
end

-- Twice over the rows that are due.
function retention.passes(o, p, treat, treat_params)
  local indexed = o["column_indexed(" .. p.column .. ")"]
  local all = {}
  for _ = 1, 2 do
    local pass = retention.pass(o, p, {
      source = o.sql, which = due(p), params = { retention.started }, column = indexed and p.column or nil,
      kind = o["column_type(" .. p.column .. ")"], treat = treat, treat_params = treat_params,
      returning = treat and o.columns or "1", of = "before.due", total_rows = p.max_rows,
    })
    for _, statement in ipairs(pass) do table.insert(all, statement) end
  end
  return all
end

return retention
