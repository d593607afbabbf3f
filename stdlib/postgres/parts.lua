-- Rows past their retention, taken in rounds to the parts of an archive: a file of lines a round.
--
-- A line is a JSON object of a row's columns in the server's own text form (manual, 8.14 keeps less: bounds of arrays, NaN and infinity,
-- null in jsonb), NULL as null. A round counts the parts whose marks are committed, writes the next one, and commits its mark with the
-- delete: after a crash the same name is written again, and a round without rows removes it. The lock of a round waits for one of a
-- session that died while it committed.
local retention = require "postgres/retention"
local parts = {}

-- The quoted names of a list such as `a, "b, c"`.
function parts.names(list)
  local names, from, quoted = {}, 1, false
  for i = 1, #list do
    local c = string.sub(list, i, i)
    if c == '"' then quoted = not quoted end
    if c == "," and not quoted then
      table.insert(names, string.sub(list, from, i - 1))
      from = i + 2
    end
  end
  table.insert(names, string.sub(list, from))
  return names
end

local of_step = { { from = "step.run" }, { from = "step.id" } }
local marks = " from upkeep.saved where run = $1::text and step = $2::text and kind = 'table' and what "

-- Alone, and values in a form that holds for other sessions too.
local function alone()
  local settings = {
    { "DateStyle", "ISO, YMD" }, { "IntervalStyle", "postgres" }, { "bytea_output", "hex" }, { "extra_float_digits", "1" },
    { "xmloption", "content" },
  }
  local sql = "select pg_advisory_xact_lock(hashtextextended('upkeep.part ' || $1::text || ' ' || $2::text, 0)) is null as held"
  for _, one in ipairs(settings) do
    sql = sql .. ", set_config(" .. u.literal(one[1]) .. ", " .. u.literal(one[2]) .. ", true) is null as " .. string.sub(one[1], 1, 3)
  end
  return { sql = sql, params = of_step }
end

-- The name of the part behind those whose marks are committed.
local function next_name(o)
  return {
    sql = "select left(regexp_replace(" .. u.literal(o.schema .. "-" .. o.name) .. ", '[^A-Za-z0-9_-]', '_', 'g'), 80) || '.' || $1::text"
      .. " || '.' || left(encode(sha256(convert_to($2::text, 'UTF8')), 'hex'), 8) || '.' || to_char(count(*) + 1, 'FM000000')"
      .. " || '.jsonl.zst' as name" .. marks .. "in ('part', 'restored')",
    params = of_step, returns = "part",
  }
end

local function pick(o, p)
  local indexed = o["column_indexed(" .. p.column .. ")"]
  local place = not indexed and o.engine_version >= u.version("14")
  local at = indexed and "t." .. u.ident(p.column) or "t.ctid"
  local kind = indexed and o["column_type(" .. p.column .. ")"] or "tid"
  local from, order, reached = "", "", ""
  if indexed or place then
    from = " and " .. at .. (indexed and " >= " or " > ") .. "current_setting('upkeep.from')::" .. kind
    order = indexed and " order by " .. at or ""
    reached = ", set_config('upkeep.from', coalesce(max(at)::text, current_setting('upkeep.from')), false) is null as reached"
  end
  return {
    sql = "with picked as materialized (select t.ctid as place, " .. at .. " as at from only " .. o.sql .. " t where "
      .. retention.due(p) .. from .. order .. " limit $2::bigint for update of t skip locked)\n"
      .. "select count(*) as picked, set_config('upkeep.picked', coalesce(array_agg(place)::text, '{}'), true) is null as kept" .. reached
      .. " from picked",
    params = { retention.started, { from = "batch.limit" } }, returns = "picked",
  }, indexed and "'-infinity'" or "'(0,0)'"
end

-- Neither a cast nor to_json: a type's own cast to text need not be what it is read from.
local function lines(o, p)
  local values = {}
  for _, name in ipairs(parts.names(o.columns)) do
    table.insert(values, "case when t." .. name .. " is distinct from null then format('%s', t." .. name .. ") end as " .. name)
  end
  return {
    sql = "with gone as (delete from only " .. o.sql .. " t where t.ctid = any (current_setting('upkeep.picked')::tid[]) returning t.*)\n"
      .. "select row_to_json(l)::text as line from (select " .. table.concat(values, ", ") .. " from gone t) l",
    file = { write = p.folder, with = { { from = "part.name" } } }, returns = "file",
  }
end

local function mark(o, p)
  return {
    sql = "insert into upkeep.saved (run, step, kind, schema_name, name, what, content) select $1::text, $2::text, 'table', "
      .. u.literal(o.schema) .. ", " .. u.literal(o.name) .. ", 'part', json_build_object('folder', " .. u.literal(p.folder)
      .. ", 'name', $3::text, 'rows', $4::bigint, 'bytes', $5::bigint, 'sha256', $6::text)::text where $4::bigint > 0",
    params = {
      of_step[1], of_step[2], { from = "file.name" }, { from = "file.rows" }, { from = "file.bytes" }, { from = "file.sha256" },
    },
  }
end

function parts.run(o, p)
  local picked, first = pick(o, p)
  return {
    { sql = "select set_config('upkeep.from', " .. first .. ", false) is null as a" },
    {
      batch = {
        run = { alone(), next_name(o), picked, lines(o, p), mark(o, p) },
        count = "picked.picked", expect = "file.rows = picked.picked", of = "before.due", max_rows = p.batch, target_ms = p.round // 1000,
        total_rows = p.max_rows,
      },
    },
  }
end

-- The text of a row (manual, 8.16.6) from the values of a line, in the order of the table's columns.
local function back(o, p)
  local values = {}
  for _, name in ipairs(parts.names(o.writable_columns)) do table.insert(values, "(r.r)." .. name) end
  return {
    sql = "with back as (insert into " .. o.sql .. " (" .. o.writable_columns .. ") overriding system value select "
      .. table.concat(values, ", ") .. " from (select ('(' || (select string_agg(coalesce('\"' || replace(replace(e.value, '\\', '\\\\'),"
      .. " '\"', '\"\"') || '\"', ''), ',' order by e.n) from json_each_text(l.line::json) with ordinality e (key, value, n)) || ')')::"
      .. o.sql .. " as r from unnest(string_to_array($1::text, chr(10))) l (line) where l.line <> '' offset 0) r returning 1)\n"
      .. "select count(*) as loaded from back",
    file = { read = p.folder, with = { { from = "part.name" }, { from = "part.sha256" } } }, returns = "back",
  }
end

function parts.undo(o, p)
  return {
    next_name(o),
    -- A part that a dead process wrote and did not commit.
    { sql = "select '' as line where false", file = { write = p.folder, with = { { from = "part.name" } } } },
    {
      batch = {
        run = {
          alone(),
          {
            sql = "with part as (select id, content::json as c" .. marks .. "= 'part' order by id limit 1)\n"
              .. "select min(id) as id, min(c ->> 'name') as name, min(c ->> 'sha256') as sha256,"
              .. " coalesce(min((c ->> 'rows')::bigint), 0) as lines, (select count(*) > 1" .. marks .. "= 'part') as more from part",
            params = of_step, returns = "part",
          },
          back(o, p),
          { sql = "update upkeep.saved set what = 'restored' where id = $1::bigint", params = { { from = "part.id" } } },
        },
        count = "part.lines", expect = "back.loaded = part.lines", more = "part.more", max_rows = p.batch,
      },
    },
  }
end

function parts.pre(pre)
  table.insert(pre, {
    name = "the database has an encoding, and the ledger a place for marks", otherwise = "fail",
    sql = "select current_setting('server_encoding') as encoding, to_regclass('upkeep.saved') is not null as marks",
    expect = "encoding <> 'SQL_ASCII' and marks",
  })
  return pre
end

return parts
