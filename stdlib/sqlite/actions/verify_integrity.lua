-- Damage found is a successful step: it is written down, and corruption_found then says it.
local recorded = "select count(*) as found from upkeep_finding"
  .. " where kind = 'database' and check_name = ?1 and started_at >= ?2 and run = ?3"

local function recorded_check(name, p)
  return {
    name = name, sql = recorded,
    params = { p.quick and "quick_check" or "integrity_check", { from = "step.started_at" }, { from = "step.run" } },
    expect = "found >= 1",
  }
end

return action {
  name = "verify_integrity", engine = "sqlite", kind = "database",
  doc = "reads the whole file and looks for damage and for broken foreign keys; what it finds is recorded",
  parameters = {
    quick = { type = "bool", default = false, doc = "do not compare indexes with their tables (quick_check)" },
    foreign_keys = { type = "bool", default = true, doc = "look for broken foreign keys too" },
  },
  reads = { "size", "journal_mode" },
  needs = { privileges = { "read" }, capabilities = { "ledger" } },
  atomicity = "autocommit",
  -- In a rollback journal mode a reader of this length makes writers fail.
  risk = function(o, p)
    if o.journal_mode == "wal" then return "low" end
    return "medium"
  end,
  explain = { risk = "low; medium in a rollback journal mode, where writers may fail meanwhile" },
  locks = function(o, p) return { { mode = "read", object = { "main" } } } end,
  post = "own",
  undo = { class = "none", why = "it changes nothing but upkeep's own findings" },
  estimate = function(o, p)
    local size = o.size or 0
    local ms = size // 80000 + 1
    return {
      reads_bytes = size, writes_bytes = 0, disk_peak_bytes = 0, ms = ms, blocking_ms = o.journal_mode == "wal" and 0 or ms,
    }
  end,
  probe = function(o, p) return { done = recorded_check("the finding is recorded", p) } end,
  plan = function(o, p)
    local check = p.quick and "quick_check" or "integrity_check"
    local run = {
      {
        sql = "select count(*) as damage, group_concat(" .. check .. ", char(10)) as detail"
          .. " from pragma_" .. check .. "(100) where " .. check .. " <> 'ok'",
        returns = "found", catch = { "SQLITE_CORRUPT", "SQLITE_NOTADB" },
      },
    }
    if p.foreign_keys then
      table.insert(run, {
        sql = "select count(*) as violations from pragma_foreign_key_check",
        returns = "keys", catch = { "SQLITE_ERROR", "SQLITE_CORRUPT" },
      })
      table.insert(run, {
        sql = sql_file "record_keys.sql",
        params = {
          { from = "step.run" }, { from = "step.id" }, o.name,
          { from = "keys.violations" }, { from = "keys.error" }, { from = "step.started_at" },
        },
      })
    end
    table.insert(run, {
      sql = sql_file "record_damage.sql",
      params = {
        { from = "step.run" }, { from = "step.id" }, o.name, check,
        { from = "found.damage" }, { from = "found.detail" }, { from = "found.error" },
        { from = "step.started_at" },
      },
    })
    return { pre = {}, run = run, post = { recorded_check("the finding is recorded", p) } }
  end,
}
