-- What sorts by a collation whose library has changed: by what the server records (from 15 on the database's own version, whose collation is
-- number 100) and whether there is a ledger with marks of rebuilds.
local collations = {}

local function stale(own, marked)
  local none = "(select 0 as id, '' as kind, '' as what, '' as schema_name, '' as name, '' as content where false) saved"
  local text = string.replace(sql_file "collation_stale.sql", "{own}", own and sql_file "collation_own.sql" or "")
  return string.replace(text, "{saved}", marked and "upkeep.saved" or none)
end

local unknown = "case when s.is_stale or not 100 = any (i.indcollation)"
  .. " or (select d.datcollate in ('C', 'POSIX') from pg_database d where d.datname = current_database()) then s.is_stale end"

function collations.variants(sql)
  local found = {}
  for _, marked in ipairs { true, false } do
    for _, own in ipairs { true, false } do
      local text = string.replace(string.replace(sql, "{stale}", stale(own, marked)), "{is_stale}", own and "s.is_stale" or unknown)
      local variant = { sql = text }
      if own then variant.min = "15" else variant.max = "15" end
      if marked then variant.needs = { "ledger" } end
      table.insert(found, variant)
    end
  end
  return found
end

-- Asked while a plan runs.
function collations.left(version)
  return "with " .. stale(version >= u.version("15"), true) .. "\nselect count(*) as stale from stale where is_stale and relkind = 'i'"
end

return collations
