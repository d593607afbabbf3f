-- pgBackRest's manual, command verify; Barman's, verify-backup (which calls pg_verifybackup); PostgreSQL's, pg_verifybackup (13). Which place it is comes from the database; what program
-- runs with which configuration does not: those are the policy's, and the project must allow the program.
local commands = {
  pgbackrest = function(o, p)
    if o.source:contains("/") then u.refuse("its source in upkeep.backups is no name of a stanza") end
    local words = { p.program or "pgbackrest", "--stanza=" .. o.source }
    if p.config then table.insert(words, "--config=" .. p.config) end
    for _, word in ipairs { "--log-level-console=info", "--log-timestamp=n", "verify" } do table.insert(words, word) end
    return words
  end,
  barman = function(o, p)
    if o.source:contains("/") then u.refuse("its source in upkeep.backups is no name of a server in Barman") end
    local words = { p.program or "barman" }
    if p.config then table.insert(words, "-c") table.insert(words, p.config) end
    for _, word in ipairs { "verify-backup", o.source, "latest" } do table.insert(words, word) end
    return words
  end,
  pg_verifybackup = function(o, p)
    if not o.source:starts_with("/") then u.refuse("its source in upkeep.backups is no absolute path") end
    return { p.program or "pg_verifybackup", o.source }
  end,
}

local recorded = {
  name = "the finding is recorded",
  sql = "select count(*) as found from upkeep.finding where kind = 'backup' and run = $1 and step = $2",
  params = { { from = "step.run" }, { from = "step.id" } },
  expect = "found >= 1",
}

-- Damage is no crash of the tool: whatever it ended with is kept, with its words.
local function codes()
  local all = {}
  for code = 0, 125 do table.insert(all, code) end
  return all
end

return action {
  name = "verify_backup", engine = "postgres", kind = "backup",
  doc = "has the newest backup read and its checksums compared, by pgbackrest verify,"
    .. " barman verify-backup or pg_verifybackup; what it finds is recorded, and a damaged one fails the step",
  parameters = {
    program = { type = "text", doc = "the tool's path, where it is not among the usual folders; `programs` must allow it" },
    config = { type = "text", doc = "the configuration file of pgBackRest or Barman, where it is not its default one" },
    timeout = { type = "duration", default = "6h", min = 1000000, doc = "the tool is ended after that" },
  },
  reads = { "tool", "source" },
  needs = { capabilities = { "ledger" } },
  atomicity = "external",
  risk = "low",
  locks = {},
  post = "own",
  undo = { class = "none", why = "it only reads the backup, and writes upkeep's own findings" },
  estimate = { reads_bytes = 0, writes_bytes = 0, disk_peak_bytes = 0, blocking_ms = 0 },
  probe = function(o, p) return { done = recorded } end,
  plan = function(o, p)
    u.known(o, "tool", "source")
    local command = commands[o.tool]
    if not command then u.refuse("upkeep.backups names a tool that is none of pgbackrest, barman, pg_verifybackup") end
    return {
      pre = {},
      run = {
        { exec = command(o, p), success = codes(), timeout_ms = p.timeout // 1000, returns = "checked" },
        {
          sql = sql_file "record_backup.sql",
          params = {
            { from = "step.run" }, { from = "step.id" }, o.name, o.tool, { from = "checked.exit_code" },
            { from = "checked.stderr" }, { from = "checked.stdout" }, { from = "step.started_at" },
          },
        },
      },
      post = {
        recorded,
        {
          name = "the backup is sound",
          sql = "select damage, detail from upkeep.finding where kind = 'backup' and run = $1 and step = $2 order by id desc limit 1",
          params = { { from = "step.run" }, { from = "step.id" } },
          expect = "damage = 0 and detail is null",
        },
      },
    }
  end,
}
