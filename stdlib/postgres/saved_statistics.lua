-- A table's statistics for the planner, kept as JSON beside the ledger and put back by the functions of PostgreSQL 18 (manual, 9.28.12).
local saved = {}

local attribute_types = {
  { "null_frac", "real" }, { "avg_width", "integer" }, { "n_distinct", "real" }, { "most_common_vals", "text" },
  { "most_common_freqs", "real[]" }, { "histogram_bounds", "text" }, { "correlation", "real" }, { "most_common_elems", "text" },
  { "most_common_elem_freqs", "real[]" }, { "elem_count_histogram", "real[]" }, { "range_length_histogram", "text" },
  { "range_empty_frac", "real" }, { "range_bounds_histogram", "text" },
}

local function named(o) return " = " .. u.literal(o.schema) end

function saved.keep(o)
  local pairs_of = { "'attname', s.attname", "'inherited', s.inherited" }
  for _, one in ipairs(attribute_types) do table.insert(pairs_of, u.literal(one[1]) .. ", s." .. one[1] .. "::text") end
  return {
    sql = "insert into upkeep.saved (run, step, kind, schema_name, name, what, content) select $1::text, $2::text, 'table', "
      .. u.literal(o.schema) .. ", " .. u.literal(o.name) .. ", 'statistics', pg_catalog.json_build_object('relpages', c.relpages,"
      .. " 'reltuples', c.reltuples, 'relallvisible', c.relallvisible, 'relallfrozen', c.relallfrozen, 'attributes', (select coalesce("
      .. "pg_catalog.json_agg(pg_catalog.json_build_object(" .. table.concat(pairs_of, ", ")
      .. ") order by s.attname, s.inherited), '[]'::json) from pg_catalog.pg_stats s where s.schemaname" .. named(o) .. " and s.tablename = "
      .. u.literal(o.name) .. "))::text from pg_catalog.pg_class c where c.oid = pg_catalog.to_regclass(" .. u.literal(o.sql) .. ")",
    params = { { from = "step.run" }, { from = "step.id" } },
  }
end

function saved.restore(o)
  local params = { { from = "step.run" }, { from = "step.id" } }
  -- The first that was kept: a step that was begun anew has kept what its first attempt made.
  local kept = "(select content::jsonb as c from upkeep.saved where run = $1 and step = $2 and what = 'statistics' order by id limit 1) k"
  local arguments = "'schemaname', " .. u.literal(o.schema) .. ", 'relname', " .. u.literal(o.name)
  local values = ""
  for _, one in ipairs(attribute_types) do
    values = values .. ", " .. u.literal(one[1]) .. ", (a.value ->> " .. u.literal(one[1]) .. ")::" .. one[2]
  end
  return {
    {
      -- Columns that had none before have none again.
      sql = "select count(pg_catalog.pg_clear_attribute_stats(s.schemaname, s.tablename, s.attname, s.inherited)) as cleared"
        .. " from pg_catalog.pg_stats s where s.schemaname" .. named(o) .. " and s.tablename = " .. u.literal(o.name)
        .. " and exists (select from " .. kept .. ")",
      params = params,
    },
    {
      sql = "select pg_catalog.pg_restore_relation_stats(" .. arguments .. ", 'relpages', (c ->> 'relpages')::integer, 'reltuples',"
        .. " (c ->> 'reltuples')::real, 'relallvisible', (c ->> 'relallvisible')::integer, 'relallfrozen',"
        .. " (c ->> 'relallfrozen')::integer) as restored from " .. kept,
      params = params,
    },
    {
      sql = "select count(*) as restored from (select pg_catalog.pg_restore_attribute_stats(" .. arguments
        .. ", 'attname', a.value ->> 'attname', 'inherited', (a.value ->> 'inherited')::boolean" .. values .. ") from " .. kept
        .. ", pg_catalog.jsonb_array_elements(c -> 'attributes') a offset 0) r",
      params = params,
    },
  }
end

return saved
