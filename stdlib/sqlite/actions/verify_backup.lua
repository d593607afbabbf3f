-- Damage found is a successful step: it is written down, and corruption_found then says it.
local recorded = {
  name = "the finding is recorded",
  sql = "select count(*) as found from upkeep_finding where kind = 'backup' and run = ?1 and step = ?2 and started_at >= ?3",
  params = { { from = "step.run" }, { from = "step.id" }, { from = "step.started_at" } },
  expect = "found >= 1",
}

local room = "select upkeep_temp_free() as temp_free, c.page_count * s.page_size as size"
  .. " from pragma_page_count c, pragma_page_size s"
local types = { temp_free = "bytes", size = "bytes" }

return action {
  name = "verify_backup", engine = "sqlite", kind = "backup",
  doc = "copies the database by SQLite's backup API into a private temporary file and looks for damage in the copy;"
    .. " what it finds is recorded",
  parameters = {
    quick = { type = "bool", default = false, doc = "do not compare indexes with their tables (quick_check)" },
  },
  reads = { "database.size" },
  needs = { privileges = { "backups" }, capabilities = { "ledger" } },
  atomicity = "autocommit",
  risk = "low",
  locks = function(o, p) return { { mode = "read", object = { "main" } } } end,
  post = "own",
  undo = { class = "none", why = "it changes nothing but upkeep's own findings; the copy is gone when it ends" },
  estimate = function(o, p)
    local size = o["database.size"] or 0
    -- The copy's room is among the temporary files, maybe on another disk: the pre-check asks there.
    return { reads_bytes = size * 2, writes_bytes = size, disk_peak_bytes = 0, blocking_ms = 0 }
  end,
  probe = function(o, p) return { done = recorded } end,
  plan = function(o, p)
    local check = p.quick and "quick_check" or "integrity_check"
    return {
      pre = {
        {
          name = "room for the copy among temporary files", otherwise = "fail",
          sql = room, columns = types, expect = "temp_free >= size * 1.1",
        },
      },
      run = {
        {
          sql = "select upkeep_check_copy(" .. u.literal(check) .. ") as answer",
          returns = "copy", catch = { "SQLITE_CORRUPT", "SQLITE_NOTADB" }, transaction = false,
        },
        {
          sql = sql_file "record_copy.sql",
          params = {
            { from = "step.run" }, { from = "step.id" }, o.name, check,
            { from = "copy.answer" }, { from = "copy.error" }, { from = "step.started_at" },
          },
        },
      },
      post = { recorded },
    }
  end,
}
