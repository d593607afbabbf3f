local function last(o) return "select checkpoint_lsn::text as at from pg_catalog.pg_control_checkpoint()" end

return action {
  name = "checkpoint", engine = "postgres", kind = "instance",
  doc = "writes all changed pages to disk, so that recovery has less to do (CHECKPOINT); as fast as the disk takes them",
  reads = { "role", "archive_failing", "archive_failure", "wal_since_checkpoint", "wal_size", "wal_size_max", "wal_slot_size", "wal_slot_holder" },
  -- What was written since the last checkpoint is little beside what somebody else keeps.
  blocked_by = {
    {
      when = "archive_failing and wal_since_checkpoint * 10 <= wal_size", why = "archiving fails, and no checkpoint removes WAL that is not archived",
      who = "archive_failure",
    },
    {
      when = "wal_since_checkpoint * 10 <= wal_size and wal_slot_size * 2 >= wal_size and wal_size > wal_size_max",
      why = "a slot holds most of the WAL, and no checkpoint removes that", who = "wal_slot_holder",
    },
  },
  atomicity = "autocommit",
  risk = "low",
  locks = {},
  post = "own",
  on_replica = true,
  undo = { class = "none", why = "pages are written earlier than they would have been" },
  estimate = { reads_bytes = 0, writes_bytes = 0, disk_peak_bytes = 0, blocking_ms = 0 },
  probe = function(o, p)
    return { done = { name = "there is a newer checkpoint", sql = last(o), expect = "at <> before.at" } }
  end,
  plan = function(o, p)
    local member = o.engine_version >= u.version("15") and " or pg_catalog.pg_has_role('pg_checkpoint', 'usage')" or ""
    return {
      pre = {
        {
          name = "this role may ask for one", otherwise = "fail",
          sql = "select (select rolsuper from pg_catalog.pg_roles where rolname = current_user)" .. member .. " as may", expect = "may",
        },
        { name = "the last checkpoint", otherwise = "skip", sql = last(o), expect = "at is not null" },
      },
      run = { { sql = "checkpoint", transaction = false } },
      -- On a replica there is none to make before the next one of the primary has arrived.
      post = { { name = "there is a newer checkpoint", sql = last(o), expect = o.role == "replica" and "at is not null" or "at <> before.at" } },
    }
  end,
}
