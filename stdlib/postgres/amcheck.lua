-- Checks of amcheck: how they are called, and how what they find is kept. Manual, F.1.
--
-- Damage found is a successful step: it is written down, and corruption_found then says it. A replica cannot write it down;
-- there a fault fails the step, with amcheck's own words.
local amcheck = {}

local codes = { "XX000", "XX001", "XX002" }

local function on_replica(o) return o["instance.role"] == "replica" end

local recorded = {
  name = "the finding is recorded",
  sql = "select count(*) as found from upkeep.finding where run = $1 and step = $2",
  params = { { from = "step.run" }, { from = "step.id" } },
  expect = "found >= 1",
}

-- A version of amcheck older than the server lacks what `alter extension amcheck update` brings.
function amcheck.present(check)
  return {
    name = "amcheck has the function (if not: alter extension amcheck update)", otherwise = "fail",
    sql = "select pg_catalog.to_regprocedure(" .. u.literal(check.signature) .. ") is not null as present",
    expect = "present",
  }
end

function amcheck.usable(o)
  return {
    name = "the index is there and valid", otherwise = "skip",
    sql = "select indisvalid as usable from pg_catalog.pg_index where indexrelid = pg_catalog.to_regclass("
      .. u.literal(o.sql) .. ")",
    expect = "usable",
  }
end

-- The check of an index: its name among the findings, its function's signature, its statement. A thorough check and a light
-- one are two: what the one found, the other does not clear.
function amcheck.index(o, p)
  if o.is_partitioned or o.am ~= "btree" and o.am ~= "gin" then
    u.refuse("only B-trees and GIN indexes that hold entries can be checked")
  end
  u.known(o, "instance.amcheck_schema")
  local major = o.engine_version // 10000
  local target = u.literal(o.sql) .. "::pg_catalog.regclass"
  local name, types, arguments, words = nil, "regclass", target, {}
  local function option(word, wanted)
    types = types .. ",boolean"
    arguments = arguments .. ", " .. tostring(wanted)
    if wanted then table.insert(words, word) end
  end
  if o.am == "gin" then
    if major < 18 then u.refuse("GIN indexes can be checked from PostgreSQL 18 on") end
    name = "gin_index_check"
  else
    name = p.parent and "bt_index_parent_check" or "bt_index_check"
    if p.parent and on_replica(o) then u.refuse("`parent` needs a lock that a replica does not give") end
    if p.rootdescend and not p.parent then error("`rootdescend` needs `parent`") end
    if p.unique and major < 17 then error("`unique` needs PostgreSQL 17") end
    option("heapallindexed", p.heapallindexed)
    if p.parent then option("rootdescend", p.rootdescend) end
    if major >= 17 and p.unique and o.is_unique then option("unique", true) end
  end
  local call = u.ident(o["instance.amcheck_schema"], name)
  table.insert(words, 1, name)
  return {
    name = table.concat(words, ", "), signature = call .. "(" .. types .. ")",
    sql = "select " .. call .. "(" .. arguments .. ")::text as answer",
  }
end

-- The first hundred faults of a table are enough to act on.
function amcheck.table(o, p)
  u.known(o, "instance.amcheck_schema")
  local call = u.ident(o["instance.amcheck_schema"], "verify_heapam")
  return {
    name = "verify_heapam", signature = call .. "(regclass,boolean,boolean,text,bigint,bigint)",
    sql = "select count(*) as damage, string_agg(format('block %s, offset %s: %s', blkno, offnum, msg), e'\\n') as detail"
      .. " from (select blkno, offnum, msg from " .. call .. "(" .. u.literal(o.sql) .. "::pg_catalog.regclass, false, "
      .. tostring(p.toast) .. ", " .. u.literal(p.skip) .. ") limit 100) f",
    counted = true,
  }
end

function amcheck.run(o, kind, check)
  local asked = { sql = check.sql, returns = "checked", transaction = false }
  if on_replica(o) then return { asked } end
  asked.catch = codes
  return {
    asked,
    {
      sql = sql_file "record_check.sql",
      params = {
        { from = "step.run" }, { from = "step.id" }, kind, o.schema, o.name, check.name,
        check.counted and { from = "checked.damage" } or u.null, check.counted and { from = "checked.detail" } or u.null,
        { from = "checked.error" }, { from = "step.started_at" },
      },
    },
  }
end

function amcheck.post(o, check)
  if not on_replica(o) then return { recorded } end
  if not check.counted then return { amcheck.usable(o) } end
  return {
    {
      name = "no fault was found", sql = "select $1::bigint as faults, $2::text as detail",
      params = { { from = "checked.damage" }, { from = "checked.detail" } }, expect = "faults = 0",
    },
  }
end

-- On a replica nothing is written: only who asked has the answer, and a run that was cut off asks again.
function amcheck.probe(o, kind)
  if not on_replica(o) then return { done = recorded } end
  return {
    done = {
      name = "the check has answered", sql = "select $1::text is not null as done", expect = "done",
      params = { { from = kind == "table" and "checked.damage" or "checked.answer" } },
    },
  }
end

return amcheck
