local function state(o)
  return "select count(*) as slots, count(*) filter (where active) as readers from pg_catalog.pg_replication_slots"
    .. " where slot_name = " .. u.literal(o.name)
end

return action {
  name = "drop_slot", engine = "postgres", kind = "slot",
  needs = { privileges = { "replication" } },
  doc = "drops a replication slot that nobody reads from, and with it the WAL and the dead rows it holds back",
  reads = { "active", "temporary", "kind", "plugin", "database", "synced" },
  atomicity = "autocommit",
  risk = "high",
  destructive = true,
  locks = {},
  post = "own",
  undo = { class = "none", why = "whoever reads from it must be built anew: a new slot begins at the present" },
  estimate = { reads_bytes = 0, writes_bytes = 0, disk_peak_bytes = 0, blocking_ms = 0, ms = 100 },
  probe = function(o, p)
    return { done = { name = "it is gone", sql = state(o), expect = "slots = 0" } }
  end,
  plan = function(o, p)
    if o.active then u.refuse("somebody reads from it") end
    if o.temporary then u.refuse("it goes with its session") end
    if o.synced then u.refuse("it is a copy of the primary's, which makes it again") end
    return {
      pre = {
        { name = "it is there", otherwise = "skip", sql = state(o), expect = "slots = 1" },
        { name = "nobody reads from it", otherwise = "fail", sql = state(o), expect = "readers = 0" },
      },
      run = { { sql = "select pg_catalog.pg_drop_replication_slot(" .. u.literal(o.name) .. ")" } },
      post = { { name = "it is gone", sql = state(o), expect = "slots = 0" } },
    }
  end,
}
