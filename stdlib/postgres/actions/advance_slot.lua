local function state(o)
  return "select count(*) as slots, count(*) filter (where active) as readers, max(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(),"
    .. " restart_lsn))::bigint as retained, max(pg_catalog.pg_wal_lsn_diff(coalesce(confirmed_flush_lsn, restart_lsn), '0/0'))::bigint as place"
    .. " from pg_catalog.pg_replication_slots where slot_name = " .. u.literal(o.name)
end

return action {
  name = "advance_slot", engine = "postgres", kind = "slot",
  doc = "moves a slot that nobody reads from ahead, and gives the WAL behind it up: its reader never gets what was in there;"
    .. " the files go at the next checkpoint, those of a logical slot at the one after new records of running transactions",
  parameters = {
    keep = { type = "bytes", default = 0, min = 0, doc = "leave so much WAL behind the present position" },
  },
  reads = {
    "active", "temporary", "plugin", "database", "synced", "status", "retained_size", "instance.archive_failing", "instance.archive_failure",
    "instance.wal_slot", "instance.wal_slot_size", "instance.wal_slot_holder",
  },
  -- Its reader would lose what is behind it, and no file would go.
  blocked_by = {
    {
      when = "instance.archive_failing", why = "archiving fails, and WAL that is not archived stays whatever the slot gives up",
      who = "instance.archive_failure",
    },
    {
      when = "instance.wal_slot <> name and instance.wal_slot_size >= retained_size", why = "another slot holds the same WAL",
      who = "instance.wal_slot_holder",
      cleared_by = { { action = "advance_slot", object = "instance.wal_slot" }, { action = "drop_slot", object = "instance.wal_slot" } },
    },
  },
  atomicity = "autocommit",
  risk = "high",
  destructive = true,
  locks = {},
  post = "own",
  undo = { class = "none", why = "a slot never goes back; what its reader has not got, it has to copy anew" },
  estimate = { reads_bytes = 0, writes_bytes = 0, disk_peak_bytes = 0, blocking_ms = 0, ms = 500 },
  probe = function(o, p)
    return { done = { name = "it has moved", sql = state(o), expect = "place > before.place" } }
  end,
  plan = function(o, p)
    if o.active then u.refuse("somebody reads from it") end
    if o.temporary then u.refuse("it goes with its session") end
    if o.synced then u.refuse("it is a copy of the primary's, which moves it") end
    if o.status == "lost" then u.refuse("its WAL is gone already; it can only be dropped") end
    u.known(o, "retained_size")
    if o.retained_size <= p.keep then u.refuse("it holds no more than `keep` leaves it") end
    local target = string.format("pg_catalog.pg_current_wal_lsn() - %d", p.keep)
    -- Addition of numbers and positions came with 14.
    if o.engine_version < u.version("14") then
      if p.keep > 0 then error("`keep` needs PostgreSQL 14") end
      target = "pg_catalog.pg_current_wal_lsn()"
    end
    local pre = {
      { name = "it is there", otherwise = "skip", sql = state(o), expect = "slots = 1" },
      { name = "nobody reads from it", otherwise = "fail", sql = state(o), expect = "readers = 0" },
    }
    if o.plugin then
      table.insert(pre, {
        name = "it is a slot of this database", otherwise = "fail",
        sql = "select current_database() = " .. u.literal(o.database) .. " as here", expect = "here",
      })
    end
    return {
      pre = pre,
      run = {
        {
          sql = "select end_lsn::text as place from pg_catalog.pg_replication_slot_advance(" .. u.literal(o.name) .. ", " .. target .. ")",
          transaction = false,
        },
      },
      post = { { name = "it has moved", sql = state(o), expect = "place > before.place" } },
    }
  end,
}
