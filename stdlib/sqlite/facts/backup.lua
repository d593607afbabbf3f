return {
  kind {
    name = "backup",
    doc = "what a backup of the file would be: a copy made by SQLite's backup API",
    keys = { "name" },
    single = true,
    parents = { database = {}, instance = {}, disk = {} },
  },

  collector {
    name = "backup", kind = "backup", cost = "cheap",
    attributes = {
      { "name", "text", "always copy" },
      { "kind", "text", "always copy: backups made elsewhere are not known here" },
    },
    filter = "and b.name = ?1",
    filter_keys = { "name" },
    variants = { { sql = "select b.name, b.name as kind from (select 'copy' as name) b where true {filter}" } },
  },

  collector {
    name = "backup_findings", kind = "backup", cost = "cheap",
    attributes = {
      { "name", "text", "always copy" },
      { "verified_age", "duration", "since verify_backup last ended, whatever it found", reason = true },
      { "corruption_found", "int", "faults in the last copy that was checked", reason = true },
    },
    filter = "and b.name = ?1",
    filter_keys = { "name" },
    variants = { { needs = { "ledger" }, sql = sql_file "backup_findings.sql" } },
    unavailable = "never verified: upkeep's ledger is not in this database",
  },
}
