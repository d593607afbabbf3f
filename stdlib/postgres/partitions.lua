-- What create_partitions and expire_partitions share.
local partitions = {}

-- Whether this set is ours to change.
function partitions.check(o)
  if o.managed_by then u.refuse(o.managed_by .. " makes and drops its partitions") end
  if o.strategy ~= "range" then u.refuse("it is partitioned by " .. o.strategy .. ": its partitions do not follow one another") end
  if not o.key then u.refuse("it is partitioned by more than one column") end
end

-- An expression that counts how many of `names` (quoted) are partitions of the set, whatever their bounds.
function partitions.attached(o, names)
  local list = {}
  for _, name in ipairs(names) do table.insert(list, "pg_catalog.to_regclass(" .. u.literal(name) .. ")") end
  return "(select count(*) from pg_catalog.pg_inherits where inhparent = pg_catalog.to_regclass(" .. u.literal(o.sql)
    .. ") and inhrelid in (" .. table.concat(list, ", ") .. "))"
end

-- Statements as one: all of them, or none.
function partitions.together(statements)
  local body = "begin\n"
  for _, sql in ipairs(statements) do body = body .. "  " .. sql .. ";\n" end
  return { sql = "do " .. u.literal(body .. "end") }
end

-- Partitions come and go by the parent's owner only.
function partitions.owned(o)
  if o["table.is_owned"] == false then u.refuse("the connected role does not own it") end
end

return partitions
