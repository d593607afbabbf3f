-- A pinned horizon: whoever still sees old rows keeps every vacuum from removing them. The cause comes first, where a policy ends it.
local horizon = {}

horizon.reads = {
  "xid_age", "database.xmin_horizon_age", "database.xmin_horizon_held_for", "database.xmin_horizon_holder",
  "database.xmin_horizon_session", "database.xmin_horizon_slot", "database.xmin_horizon_prepared",
}

-- While `when` is true for a table, work on it is useless.
function horizon.blocks(when, why)
  return {
    when = when, why = why, who = "database.xmin_horizon_holder",
    cleared_by = {
      { action = "end_session", object = "database.xmin_horizon_session" },
      { action = "drop_slot", object = "database.xmin_horizon_slot" },
      { action = "resolve_prepared", object = "database.xmin_horizon_prepared" },
    },
  }
end

-- Every transaction that could have left dead rows in the table is younger than the snapshot.
horizon.older = "database.xmin_horizon_age > 0 and database.xmin_horizon_age >= xid_age"

function horizon.with(names)
  local all = {}
  for _, list in ipairs { names, horizon.reads } do
    for _, name in ipairs(list) do
      local there = false
      for _, one in ipairs(all) do there = there or one == name end
      if not there then table.insert(all, name) end
    end
  end
  return all
end

return horizon
