-- Backups are made by other tools, often on other hosts: which there are is told by the setting upkeep.backups of the database,
-- a JSON array of {"name", "tool", "source"}:
--   alter database shop set upkeep.backups = '[{"name": "main", "tool": "pgbackrest", "source": "shop"}]'
return {
  kind {
    name = "backup",
    doc = "a place where backups of the server are kept, as the setting upkeep.backups of the database names it",
    keys = { "name" },
    parents = { instance = {} },
  },

  collector {
    name = "backup", kind = "backup", cost = "cheap",
    attributes = {
      { "name", "text", "its name in upkeep.backups" },
      { "tool", "text", "the tool that makes or checks them: pgbackrest, barman or pg_verifybackup (a folder of pg_basebackup)" },
      { "source", "text", "the stanza of pgBackRest, the server's name in Barman, or the folder" },
    },
    filter = "and b.name = $1",
    filter_keys = { "name" },
    variants = { { sql = sql_file "backup.sql" } },
  },

  collector {
    name = "backup_findings", kind = "backup", cost = "cheap",
    attributes = {
      { "name", "text", "its name in upkeep.backups" },
      { "verified_age", "duration", "since verify_backup last found it sound", reason = true },
      { "corruption_found", "int", "faults in it when verify_backup last looked", reason = true },
      { "corruption_detail", "text", "what the tool said of them, with the file's name; null: none" },
    },
    filter = "and b.name = $1",
    filter_keys = { "name" },
    variants = { { needs = { "ledger" }, sql = sql_file "backup_findings.sql" } },
    unavailable = "never verified: upkeep's ledger is not in this database",
  },

  -- Facts cannot run programs: these are what note_backup and test_restore wrote down.
  collector {
    name = "backup_tests", kind = "backup", cost = "cheap",
    attributes = {
      { "name", "text", "its name in upkeep.backups" },
      { "age", "duration", "since the newest backup was finished that note_backup was told of", reason = true },
      { "kind", "text", "kind of that backup: full, diff or incr" },
      { "size", "bytes", "size of what that backup restores" },
      { "restore_test_age", "duration", "since test_restore last succeeded", reason = true },
      { "restore_detail", "text", "why the last test_restore failed; null: it did not" },
    },
    filter = "and b.name = $1",
    filter_keys = { "name" },
    variants = { { needs = { "ledger" }, sql = sql_file "backup_tests.sql" } },
    unavailable = "never looked at: upkeep's ledger is not in this database",
  },
}
