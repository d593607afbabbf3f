-- Only a restore proves a backup (PostgreSQL's manual, continuous archiving; mechanics of pg_verifybackup: it does not read WAL's effect).
-- The work is that of upkeep-backup, a program that is installed beside upkeep and that the project must allow.
local tools = { pgbackrest = true, barman = true, pg_verifybackup = true }

local recorded = {
  name = "the outcome is recorded",
  sql = "select count(*) as found from upkeep.finding where kind = 'backup_restore' and run = $1 and step = $2",
  params = { { from = "step.run" }, { from = "step.id" } },
  expect = "found >= 1",
}

local function command(o, p)
  local words = { p.helper or "upkeep-backup", "restore", o.tool, o.source, "--name=" .. o.name, "--scratch=" .. p.scratch }
  local options = { "program", "config", "user", "bin", "database", "superuser", "query", "expect" }
  for _, name in ipairs(options) do
    if p[name] then table.insert(words, "--" .. name .. "=" .. p[name]) end
  end
  table.insert(words, "--keep-free=" .. p.keep_free)
  return words
end

return action {
  name = "test_restore", engine = "postgres", kind = "backup",
  doc = "restores the newest backup into a scratch folder, starts it there with a Unix socket only and nothing that reaches out,"
    .. " asks your query by a role that may only read, and takes all away; the outcome is recorded",
  parameters = {
    scratch = { type = "text", doc = "an existing folder with room for the backup, on the host where upkeep runs" },
    query = { type = "text", default = "select count(*) > 0 from pg_catalog.pg_class", doc = "gives one value" },
    expect = { type = "text", default = "t", doc = "the value, as psql prints it" },
    database = { type = "text", doc = "the database in the backup that is asked (postgres)" },
    superuser = { type = "text", doc = "a superuser in the backup, who makes the role that asks (postgres)" },
    user = { type = "text", doc = "where upkeep runs as root: the system's user whom the program becomes (postgres)" },
    keep_free = { type = "bytes", default = "1GiB", min = 0, doc = "room that must stay free in the scratch folder's file system" },
    bin = { type = "text", doc = "the folder of PostgreSQL's programs, where it is not the usual one of the backup's version" },
    program = { type = "text", doc = "the backup tool's path, where it is not among the usual folders" },
    config = { type = "text", doc = "the backup tool's configuration file, where it is not its default one" },
    helper = { type = "text", doc = "the path of upkeep-backup, where it is not among the usual folders; `programs` must allow it" },
    timeout = { type = "duration", default = "12h", min = 1000000, doc = "the test is ended after that, and leaves nothing" },
  },
  reads = { "tool", "source" },
  needs = { capabilities = { "ledger" } },
  atomicity = "external",
  risk = "low",
  locks = {},
  post = "own",
  undo = { class = "none", why = "it reads the backup, removes what it restored, and writes upkeep's own findings" },
  estimate = { reads_bytes = 0, writes_bytes = 0, disk_peak_bytes = 0, blocking_ms = 0 },
  probe = function(o, p) return { done = recorded } end,
  plan = function(o, p)
    u.known(o, "tool", "source")
    if not tools[o.tool] then u.refuse("upkeep.backups names a tool that is none of pgbackrest, barman, pg_verifybackup") end
    if not p.scratch then u.refuse("no folder to restore it into is named: `with: { scratch: FOLDER }`") end
    if not p.scratch:starts_with("/") then error("`scratch` of test_restore is an absolute path") end
    return {
      pre = {},
      run = {
        -- 3 to 6 speak of the backup; no room or a missing program do not, and fail the step without a finding.
        { exec = command(o, p), success = { 0, 3, 4, 5, 6 }, timeout_ms = p.timeout // 1000, returns = "tested" },
        {
          sql = sql_file "record_restore.sql",
          params = {
            { from = "step.run" }, { from = "step.id" }, o.name, o.tool, { from = "tested.exit_code" },
            { from = "tested.stderr" }, { from = "step.started_at" },
          },
        },
      },
      post = {
        recorded,
        {
          name = "the restored backup answers as expected",
          sql = "select damage, detail from upkeep.finding where kind = 'backup_restore' and run = $1 and step = $2"
            .. " order by id desc limit 1",
          params = { { from = "step.run" }, { from = "step.id" } },
          expect = "damage = 0 and detail is null",
        },
      },
    }
  end,
}
