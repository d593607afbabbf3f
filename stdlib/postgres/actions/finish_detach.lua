local function pending(o)
  return "select count(*) as pending from pg_catalog.pg_inherits where inhdetachpending and inhrelid = pg_catalog.to_regclass("
    .. u.literal(o.sql) .. ")"
end

return action {
  name = "finish_detach", engine = "postgres", kind = "table",
  needs = { privileges = { "owner" } },
  doc = "completes a DETACH PARTITION CONCURRENTLY that was cut off (ALTER TABLE .. DETACH PARTITION .. FINALIZE, 14)",
  reads = { "detach_pending_from" },
  atomicity = "autocommit",
  risk = "low",
  locks = function(o, p) return { { mode = "access exclusive", object = { o.schema, o.name } } } end,
  post = "own",
  undo = { class = "none", why = "attaching it again is a decision of its own" },
  estimate = { reads_bytes = 0, writes_bytes = 8192, disk_peak_bytes = 0, blocking_ms = 20, ms = 50 },
  probe = function(o, p)
    return { done = { name = "it is detached", sql = pending(o), expect = "pending = 0" } }
  end,
  plan = function(o, p)
    if not o.detach_pending_from then u.refuse("it is not being detached") end
    return {
      pre = { { name = "its detaching was cut off", otherwise = "skip", sql = pending(o), expect = "pending = 1" } },
      run = {
        {
          sql = "alter table " .. o.detach_pending_from .. " detach partition " .. o.sql .. " finalize",
          transaction = false,
        },
      },
      post = { { name = "it is detached", sql = pending(o), expect = "pending = 0" } },
    }
  end,
}
