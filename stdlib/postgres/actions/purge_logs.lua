-- Which files go: past `older_than`, and the oldest of what is above `keep_size`. Those that are written to are not in the list.
local function due(o, p)
  if not p.older_than and not p.keep_size then error("purge_logs needs `older_than` or `keep_size`") end
  if o.name ~= "server_log" and o["instance.archive_failing"] then
    u.refuse("its segments wait because archiving fails, and deleting them would tear the archive: " .. (o["instance.archive_failure"] or ""))
  end
  if o.name ~= "server_log" then u.refuse("an archive of WAL belongs to the backups that need it; their tool expires it") end
  u.known(o, "folder", "size")
  local all, left = {}, o.size
  for i, name in ipairs(o.old_files) do
    local old = p.older_than and tonumber(o.old_ages[i]) >= p.older_than
    local much = p.keep_size and left > p.keep_size
    if old or much then
      if string.contains(name, "/") then u.refuse("a log file has a slash in its name") end
      table.insert(all, name)
      left = left - tonumber(o.old_sizes[i])
    end
  end
  if #all == 0 then u.refuse("no file but those that are written to is past `older_than` and `keep_size`") end
  return all
end

local function left(all)
  local list = {}
  for _, name in ipairs(all) do table.insert(list, u.literal(name)) end
  return "select count(*) as files from pg_catalog.pg_ls_logdir() where name in (" .. table.concat(list, ", ") .. ")"
end

return action {
  name = "purge_logs", engine = "postgres", kind = "log",
  doc = "deletes old log files of a server on this host (rm, which the project has to allow); WAL is freed by advance_slot and drop_slot",
  parameters = {
    older_than = { type = "duration", min = 3600000000, doc = "files that were last written to so long ago" },
    keep_size = { type = "bytes", min = 1048576, doc = "the oldest files, until the rest is not larger" },
  },
  reads = { "size", "folder", "old_files", "old_ages", "old_sizes", "instance.archive_failing", "instance.archive_failure" },
  needs = { capabilities = { "monitor" } },
  atomicity = "external",
  risk = "medium",
  destructive = true,
  locks = {},
  post = "own",
  undo = { class = "none", why = "the files are gone" },
  estimate = { reads_bytes = 0, writes_bytes = 0, disk_peak_bytes = 0, blocking_ms = 0, ms = 100 },
  probe = function(o, p)
    return { done = { name = "the files are gone", sql = left(due(o, p)), expect = "files = 0" } }
  end,
  plan = function(o, p)
    local all = due(o, p)
    local current = {}
    local command = { "rm", "-f", "--" }
    for _, name in ipairs(all) do
      table.insert(command, o.folder .. "/" .. name)
      table.insert(current, u.literal(name))
    end
    return {
      pre = {
        {
          name = "the server is on this host (it was reached through a socket)", otherwise = "fail",
          sql = "select pg_catalog.inet_server_addr() is null as here", expect = "here",
        },
        { name = "the files are there", otherwise = "skip", sql = left(all), expect = "files > 0" },
        {
          name = "the server writes to none of them", otherwise = "fail",
          sql = "select count(*) as written from pg_catalog.unnest(array['stderr', 'csvlog']) f where pg_catalog.regexp_replace("
            .. "pg_catalog.pg_current_logfile(f), '^.*/', '') in (" .. table.concat(current, ", ") .. ")",
          expect = "written = 0",
        },
      },
      run = { { exec = command, timeout_ms = 60000 } },
      post = { { name = "the files are gone", sql = left(all), expect = "files = 0" } },
    }
  end,
}
