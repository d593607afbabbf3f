-- Facts come from the database alone; the tool knows the newest backup. It is asked when what the ledger knows has grown too old.
local tools = { pgbackrest = true, barman = true, pg_verifybackup = true }

local recorded = {
  name = "the newest backup is recorded",
  sql = "select count(*) as found from upkeep.finding where kind = 'backup_newest' and run = $1 and step = $2",
  params = { { from = "step.run" }, { from = "step.id" } },
  expect = "found >= 1",
}

return action {
  name = "note_backup", engine = "postgres", kind = "backup",
  doc = "asks the backup tool for its newest backup and writes down when it was finished, its kind and size",
  parameters = {
    user = { type = "text", doc = "where upkeep runs as root: the system's user whom the program becomes (postgres)" },
    program = { type = "text", doc = "the backup tool's path, where it is not among the usual folders" },
    config = { type = "text", doc = "the backup tool's configuration file, where it is not its default one" },
    helper = { type = "text", doc = "the path of upkeep-backup, where it is not among the usual folders; `programs` must allow it" },
    timeout = { type = "duration", default = "10m", min = 1000000, doc = "the tool is ended after that" },
  },
  reads = { "tool", "source" },
  needs = { capabilities = { "ledger" } },
  atomicity = "external",
  risk = "low",
  locks = {},
  post = "holds",
  undo = { class = "none", why = "it only asks, and writes upkeep's own findings" },
  estimate = { reads_bytes = 0, writes_bytes = 0, disk_peak_bytes = 0, blocking_ms = 0 },
  probe = function(o, p) return { done = recorded } end,
  plan = function(o, p)
    u.known(o, "tool", "source")
    if not tools[o.tool] then u.refuse("upkeep.backups names a tool that is none of pgbackrest, barman, pg_verifybackup") end
    local words = { p.helper or "upkeep-backup", "newest", o.tool, o.source }
    for _, name in ipairs { "program", "config", "user" } do
      if p[name] then table.insert(words, "--" .. name .. "=" .. p[name]) end
    end
    return {
      pre = {},
      run = {
        { exec = words, success = { 0 }, timeout_ms = p.timeout // 1000, returns = "newest" },
        {
          sql = sql_file "record_newest.sql",
          params = {
            { from = "step.run" }, { from = "step.id" }, o.name, o.tool, { from = "newest.stdout" }, { from = "step.started_at" },
          },
        },
      },
      post = { recorded },
    }
  end,
}
