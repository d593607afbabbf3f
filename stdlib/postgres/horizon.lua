-- A pinned horizon: whoever still sees old rows keeps every vacuum from removing them. The cause comes first, where a policy ends it.
local horizon = {}

horizon.reads = {
  "xid_age", "database.xmin_horizon_age", "database.xmin_horizon_held_for", "database.xmin_horizon_holder",
  "database.xmin_horizon_session", "database.xmin_horizon_slot", "database.xmin_horizon_prepared",
  "instance.catalog_xmin_age", "instance.catalog_xmin_slot", "instance.catalog_xmin_holder",
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

-- Of catalogues, of every database, a logical slot holds the rows as well: it may still have to decode what they described.
function horizon.catalogues(why, or_older)
  return {
    when = "schema = 'pg_catalog' and instance.catalog_xmin_age > 0 and (instance.catalog_xmin_age >= xid_age" .. (or_older or "") .. ")",
    why = why, who = "instance.catalog_xmin_holder",
    cleared_by = { { action = "drop_slot", object = "instance.catalog_xmin_slot" } },
  }
end

-- The same once more just before the statement: whoever came first may be gone, and another one may be there. Holders that this role cannot
-- see are not waited for.
function horizon.pre(o)
  local slots = o.schema == "pg_catalog" and "greatest(age(xmin), age(catalog_xmin))" or "age(xmin)"
  return {
    name = "no snapshot is older than all its dead rows", otherwise = "retry",
    sql = "with own as (select greatest(age(c.relfrozenxid), age(t.relfrozenxid)) as age from pg_catalog.pg_class c"
      .. " left join pg_catalog.pg_class t on t.oid = c.reltoastrelid where c.oid = pg_catalog.to_regclass(" .. u.literal(o.sql) .. ")),"
      .. " holders as (select greatest(age(a.backend_xmin), age(a.backend_xid)) as age, 'pid ' || a.pid as who from pg_catalog.pg_stat_activity a"
      .. " where a.pid <> pg_catalog.pg_backend_pid() and a.pid not in (select pid from pg_catalog.pg_stat_progress_vacuum)"
      .. " and (a.datname = current_database() or a.backend_type = 'walsender' and a.datid is null)"
      .. " and not (a.backend_type = 'walsender' and a.datid is not null and a.xact_start is null)"
      .. " union all select " .. slots .. ", 'slot ' || slot_name from pg_catalog.pg_replication_slots where wal_status is distinct from 'lost'"
      .. " union all select age(transaction), 'prepared transaction ' || gid from pg_catalog.pg_prepared_xacts where database = current_database())"
      .. " select min(h.who) as holder, count(*) as holders from holders h, own where h.age > 0 and h.age >= own.age",
    expect = "holders = 0",
  }
end

-- Why a vacuum, or what ends with one, would remove nothing.
horizon.useless = {
  horizon.blocks(horizon.older, "an old snapshot is older than all its dead rows"),
  horizon.blocks("dead_rows > 0 and database.xmin_horizon_held_for > vacuum_age", "an old snapshot from before its last vacuum holds its dead rows"),
  horizon.blocks("database.xmin_horizon_age > 1_000_000"
    .. " and (database.xmin_horizon_held_for > 1h or database.xmin_horizon_held_for is null)", "an old snapshot holds the dead rows"),
  horizon.catalogues("a logical slot holds the catalogue's dead rows", " or instance.catalog_xmin_age > 1_000_000"),
}

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
