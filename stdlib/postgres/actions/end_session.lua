-- The session, as it was when its facts were read: a process number is given out again. And the transaction that the pre-check saw:
-- whoever has begun another one meanwhile is left alone.
local function of(o)
  local at = #o.id
  while string.sub(o.id, at, at) ~= "@" do at = at - 1 end
  return "from pg_catalog.pg_stat_activity a where a.pid = " .. string.sub(o.id, 1, at - 1)
    .. " and floor(extract(epoch from a.backend_start)) = " .. string.sub(o.id, at + 1)
    .. " and a.backend_type = 'client backend' and a.pid <> pg_catalog.pg_backend_pid()"
    .. " and not exists (select from pg_catalog.pg_stat_progress_basebackup b where b.pid = a.pid)"
end
local begun = "coalesce((extract(epoch from a.xact_start) * 1000000)::bigint, 0)"
local same = " and " .. begun .. " = $1"
local seen = { { from = "before.begun" } }

local function left(o)
  return "select count(*) as left " .. of(o) .. same
end

return action {
  name = "end_session", engine = "postgres", kind = "session",
  needs = { privileges = { "signal" } },
  doc = "ends a session, and with it its transaction (pg_cancel_backend, then pg_terminate_backend)",
  parameters = {
    mode = {
      type = "text", default = "cancel_first", choices = { "cancel_first", "cancel", "terminate" },
      doc = "cancel: only the statement, which an idle session has not; cancel_first: end the session when that did not end the"
        .. " transaction within `grace`; terminate: end it at once",
    },
    grace = { type = "duration", default = "2s", min = "0s", max = "60s", doc = "how long a cancelled transaction has to end" },
    applications = { type = "list", doc = "globs of application_name that are never ended" },
    users = { type = "list", doc = "globs of roles that are never ended" },
  },
  reads = { "state", "user", "application", "protected" },
  atomicity = "autocommit",
  risk = "high",
  destructive = true,
  locks = {},
  post = "own",
  undo = { class = "none", why = "what its transaction had done is rolled back, and its client has to begin anew" },
  estimate = { reads_bytes = 0, writes_bytes = 0, disk_peak_bytes = 0, blocking_ms = 0, ms = 200 },
  probe = function(o, p)
    return { done = { name = "it is gone", sql = left(o), params = seen, expect = "left = 0", within_ms = 2000 } }
  end,
  plan = function(o, p)
    if o.protected then u.refuse("it serves the server, a replica or a backup") end
    for _, glob in ipairs(p.applications or {}) do
      if string.glob(o.application or "", glob) then u.refuse("its application is one of those that are never ended") end
    end
    for _, glob in ipairs(p.users or {}) do
      if string.glob(o.user or "", glob) then u.refuse("its role is one of those that are never ended") end
    end
    local idle = string.sub(o.state or "", 1, 4) == "idle"
    if p.mode == "cancel" and idle then u.refuse("it runs no statement: cancelling does nothing") end
    local run = {}
    if p.mode ~= "terminate" and not idle then
      table.insert(run, {
        sql = "select count(pg_catalog.pg_cancel_backend(a.pid)) as cancelled " .. of(o) .. same .. " and a.state = 'active'",
        params = seen,
      })
      table.insert(run, { sql = "select pg_catalog.pg_sleep(0.1)" })
      table.insert(run, {
        sql = "select pg_catalog.pg_sleep(" .. p.grace .. " / 1e6) where exists (select " .. of(o) .. same .. ")", params = seen,
      })
    end
    if p.mode ~= "cancel" then
      table.insert(run, {
        sql = "select count(pg_catalog.pg_terminate_backend(a.pid)) as ended " .. of(o) .. same, params = seen,
      })
    end
    return {
      pre = {
        {
          name = "the session is there", otherwise = "skip",
          sql = "select " .. begun .. " as begun " .. of(o), expect = "row_count = 1",
        },
      },
      run = run,
      post = { { name = "it is gone", sql = left(o), params = seen, expect = "left = 0", within_ms = 5000 } },
    }
  end,
}
