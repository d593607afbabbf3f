-- What archive_rows and expire_rows share: rows past their retention, taken in rounds.
--
-- The first pass takes whole ranges: of the column where an index begins with it, else of places in the table (14). A round finds
-- where its range ends, copies it and deletes it in one snapshot (repeatable read), so that both see the same rows, and what somebody
-- changes meanwhile is an error that rolls the round back (40001). Rows that bear the mark of another transaction (xmax) may be held:
-- they are left out without waiting, as are values that more rows share than one round may take. The second pass takes those row by
-- row, and leaves out what is held even then (skip locked): that costs a third more. Values of the column stay in the session, since
-- they are data; a place is none. Without a place to go on from, each round would read the dead rows of all before it.
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

-- Older than `older_than` before {value}, the start of the step.
local function due_template(p)
  return "t." .. u.ident(p.column) .. string.format(" < to_timestamp(({value}::bigint - %d) / 1000000.0)", p.older_than)
end
function retention.due(p) return string.replace(due_template(p), "{value}", "$1") end

retention.started = { from = "step.started_at" }

function retention.pre(o, p)
  return {
    {
      name = "rows past their retention", otherwise = "skip", params = { retention.started },
      sql = "select count(*) as due from only " .. o.sql .. " t where " .. retention.due(p), expect = "due > 0",
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
    sql = "select count(*) as due from only " .. o.sql .. " t where " .. retention.due(p), expect = "due = 0 or due < before.due",
  }
end

-- A setting of the session. `upkeep.from`: where the next round begins; `upkeep.upto`: where this one ends; `upkeep.left`: where the
-- first row stands that was left out, or nothing; `upkeep.total`: rows treated so far.
local function setting(name) return "current_setting('upkeep." .. name .. "')" end
local function set(name, value, in_round)
  return "set_config('upkeep." .. name .. "', " .. value .. ", " .. (in_round and "true" or "false") .. ")"
end

local function by_place(o, pass) return not pass.column and o.engine_version >= u.version("14") end

-- Where a pass begins: pass.column is of type pass.kind.
local function first_place(pass) return pass.column and "'-infinity'" or "'(0,0)'" end
local function at_of(pass) return pass.column and "t." .. u.ident(pass.column) or "t.ctid" end
local function kind_of(pass) return pass.column and pass.kind or "tid" end

-- The end of a round's range, found in the index alone (or by reading on); it holds at most so many rows as
-- a round may take. More rows of one value than a round may take are left
-- out as a whole: then the range is empty, and ends at the next value.
local function choose(pass)
  local at, kind = at_of(pass), kind_of(pass)
  local which = string.replace(pass.which, "{value}", "$1")
  if not pass.column then
    return "with ahead as materialized (select t.ctid as at from only " .. pass.source .. " t where " .. which .. " and t.ctid > "
      .. setting("from") .. "::tid limit $2::bigint),\n"
      .. "found as (select count(*) as rows, coalesce(max(at)::text, " .. setting("from") .. ") as upto from ahead)\n"
      .. "select rows = $2::bigint as more, " .. set("upto", "upto", true) .. " is null as a, " .. set("rows", "rows::text", true)
      .. " is null as b, " .. set("value", "$1::text", true) .. " is null as c, " .. set("param", "$3::text", true)
      .. " is null as d from found"
  end
  local from = setting("from") .. "::" .. kind
  local some = "from only " .. pass.source .. " t where " .. which .. " and " .. at
  return "with ends as materialized (select (select " .. at .. " " .. some .. " >= " .. from .. " order by " .. at
    .. " offset $2::bigint limit 1) as at),\n"
    .. "found as (select e.at is not null and e.at = " .. from .. " as shared, coalesce(case when e.at > " .. from
    .. " then e.at when e.at is not null then (select " .. at .. " " .. some .. " > " .. from .. " order by " .. at
    .. " limit 1) end::text, 'infinity') as upto from ends e)\n"
    .. "select upto <> 'infinity' as more, " .. set("upto", "upto", true) .. " is null as a, "
    .. set("rows", "(case when shared then -1 else $2::bigint end)::text", true) .. " is null as b, " .. set("value", "$1::text", true)
    .. " is null as c, " .. set("param", "$3::text", true) .. " is null as d from found"
end

-- The range is treated and deleted. -1 rows: one value that too many share.
-- Variables of the block are constants to its plans, which settings are not.
local function take(pass)
  local at, kind = at_of(pass), kind_of(pass)
  local range = string.replace(pass.which, "{value}", "upkeep_value") .. " and " .. at .. (pass.column and " >= " or " > ")
    .. "upkeep_from and " .. at .. (pass.column and " < " or " <= ") .. "upkeep_upto"
  local free = range .. " and t.xmax = '0'::xid"
  local treat = ""
  if pass.treat then
    treat = "    " .. string.replace(pass.treat, "{param}", "upkeep_param") .. " from only " .. pass.source .. " t where " .. free
      .. ";\n    get diagnostics upkeep_kept = row_count;\n"
  end
  return "do " .. u.literal("#variable_conflict use_column\ndeclare\n"
    .. "  upkeep_value " .. pass.value_kind .. " := " .. setting("value") .. "; upkeep_param text := " .. setting("param") .. ";\n"
    .. "  upkeep_from " .. kind .. " := " .. setting("from") .. "; upkeep_upto " .. kind .. " := " .. setting("upto") .. ";\n"
    .. "  upkeep_rows bigint := " .. setting("rows") .. "; upkeep_kept bigint := 0; upkeep_gone bigint := 0;\n"
    .. "begin\n"
    .. "  if upkeep_rows >= 0 then\n" .. treat
    .. "    delete from only " .. pass.source .. " t where " .. free .. ";\n    get diagnostics upkeep_gone = row_count;\n  end if;\n"
    .. (pass.treat and "  if upkeep_kept <> upkeep_gone then raise 'rows were locked meanwhile' using errcode = '40001'; end if;\n" or "")
    .. "  if " .. setting("left") .. " = '' and upkeep_gone < upkeep_rows and exists (select from only " .. pass.source .. " t where "
    .. range .. ") or upkeep_rows < 0 and " .. setting("left") .. " = '' then\n    perform " .. set("left", setting("from"))
    .. ";\n  end if;\n  perform " .. set("from", setting("upto")) .. ", "
    .. set("total", "(" .. setting("total") .. "::bigint + upkeep_gone)::text") .. ", " .. set("gone", "upkeep_gone::text", true)
    .. ";\nend")
end

-- Whole ranges. A place has no order that an index knows: there the plan is a scan of a range of the table.
local function ranges(pass)
  local plans = "select set_config('enable_bitmapscan', 'off', true) is null as a, set_config('enable_sort', 'off', true) is null as b"
  if pass.column then plans = plans .. ", set_config('enable_seqscan', 'off', true) is null as c" end
  return {
    batch = {
      run = {
        { sql = "set transaction isolation level repeatable read" },
        { sql = plans },
        { sql = choose(pass), params = { pass.value, { from = "batch.limit" }, pass.param or "" }, returns = "range" },
        { sql = take(pass) },
        { sql = "select " .. setting("gone") .. "::bigint as gone", returns = "round" },
      },
      count = "round.gone", more = "range.more", of = pass.of, max_rows = pass.max_rows, target_ms = pass.target_ms,
      total_rows = pass.total_rows,
    },
  }
end

-- Row by row.
local function rest(o, pass)
  local params = { pass.value, { from = "batch.limit" } }
  local limit = "$2::bigint"
  if (pass.total_rows or 0) > 0 then
    limit = "greatest(0, least(" .. limit .. ", " .. pass.total_rows .. " - " .. setting("total") .. "::bigint))"
  end
  local from, order, reached = "", "", ""
  if pass.column then
    from = " and t." .. u.ident(pass.column) .. " >= " .. setting("from") .. "::" .. pass.kind
    order = " order by t." .. u.ident(pass.column)
    reached = ", " .. set("from", "coalesce((select max(at)::text from picked), " .. setting("from") .. ")") .. " is not null as reached"
  elseif by_place(o, pass) then
    -- Read from the front to the back: max() is where this round ended.
    from = " and t.ctid > " .. setting("from") .. "::tid"
    reached = ", " .. set("from", "coalesce((select max(place)::text from picked), " .. setting("from") .. ")") .. " is not null as reached"
  end
  local treat = nil
  if pass.treat then
    table.insert(params, pass.param or "")
    treat = string.replace(pass.treat, "{param}", "$3::text") .. " from gone t where $3::text is not null"
  end
  local sql = "with picked as materialized (select t.ctid as place"
    .. (pass.column and ", t." .. u.ident(pass.column) .. " as at" or "") .. " from only " .. pass.source .. " t where "
    .. string.replace(pass.which, "{value}", "$1") .. from .. order .. " limit " .. limit .. " for update of t skip locked),\n"
    .. "gone as (delete from only " .. pass.source .. " t where t.ctid = any (array(select place from picked)) returning "
    .. (treat and "t.*" or "1") .. ")" .. (treat and ",\nkept as (" .. treat .. " returning 1)" or "") .. "\n"
    .. "select (select count(*) from picked) as picked, (select count(*) from gone) as gone"
    .. (treat and ", (select count(*) from kept) as kept" or "") .. ", "
    .. set("total", "(" .. setting("total") .. "::bigint + (select count(*) from picked))::text") .. " is not null as counted" .. reached
  return {
    batch = {
      run = { { sql = sql, params = params, returns = "round" } },
      count = "round.picked", expect = treat and "round.kept = round.gone" or nil, of = pass.of, max_rows = pass.max_rows,
      target_ms = pass.target_ms, total_rows = pass.total_rows,
    },
  }
end

-- Rounds over pass.source, both passes. `which` picks by {value}, which is `value`; `treat`, or nil, is an INSERT .. SELECT without its
-- FROM, over columns of `t`, whose {param} is `param`.
function retention.passes_over(o, p, pass)
  pass.max_rows = p.batch
  pass.target_ms = p.round // 1000
  local begin = {
    sql = "select " .. set("from", first_place(pass)) .. " is null as a, " .. set("left", "''") .. " is null as b, " .. set("total", "'0'")
      .. " is null as c" .. (pass.column and "" or ", set_config('synchronize_seqscans', 'off', false) is null as d"),
  }
  local back = {
    sql = "select " .. set("from", "coalesce(nullif(" .. setting("left") .. ", ''), " .. setting("from") .. ")") .. " is null as a",
  }
  local first = (pass.column or by_place(o, pass)) and ranges(pass) or rest(o, pass)
  return { begin, first, back, rest(o, pass) }
end

-- Over the rows that are due.
function retention.passes(o, p, treat, param)
  local indexed = o["column_indexed(" .. p.column .. ")"]
  return retention.passes_over(o, p, {
    source = o.sql, which = due_template(p), value = retention.started, value_kind = "bigint", column = indexed and p.column or nil,
    kind = o["column_type(" .. p.column .. ")"], treat = treat, param = param, of = "before.due", total_rows = p.max_rows,
  })
end

return retention
