local numbers = { none = 0, full = 1, incremental = 2 }
local state = "select c.page_count as pages, f.freelist_count as free_pages,"
  .. " c.page_count * s.page_size as size, upkeep_disk_free() as disk_free, a.auto_vacuum"
  .. " from pragma_page_count c, pragma_freelist_count f, pragma_page_size s, pragma_auto_vacuum a"
local types = { size = "bytes", disk_free = "bytes" }

return action {
  name = "compact_database", engine = "sqlite", kind = "database",
  needs = { privileges = { "write", "room" } },
  doc = "writes the whole file anew without free pages (VACUUM); nobody else may write meanwhile",
  parameters = {
    auto_vacuum = {
      type = "text", default = "keep", choices = { "keep", "none", "full", "incremental" },
      doc = "how the file shall give pages back from now on",
    },
  },
  reads = { "size", "free_size", "corruption_found" },
  atomicity = "autocommit",
  risk = "medium",
  locks = function(o, p) return { { mode = "exclusive", object = { "main" } } } end,
  post = "holds",
  subsumes = { "vacuum" },
  blocked_by = {
    { when = "corruption_found > 0", why = "damage was found; save what can be saved before anything rewrites it" },
  },
  undo = { class = "none", why = "the rows are the same; only free pages are gone" },
  estimate = function(o, p)
    u.known(o, "size", "free_size")
    local live = o.size - o.free_size
    local ms = live * 3 // 80000 + 1
    return { reads_bytes = live, writes_bytes = live * 2, disk_peak_bytes = o.size * 2, ms = ms, blocking_ms = ms }
  end,
  probe = function(o, p)
    return {
      done = { name = "fewer free pages", sql = state, columns = types,
               expect = "free_pages < before.free_pages or free_pages = 0" },
    }
  end,
  plan = function(o, p)
    local run = {}
    local done = "free_pages < before.free_pages or free_pages = 0"
    if p.auto_vacuum ~= "keep" then
      local number = numbers[p.auto_vacuum]
      table.insert(run, { sql = "pragma auto_vacuum = " .. number, transaction = false })
      done = "auto_vacuum = " .. number
    end
    table.insert(run, { sql = "vacuum", transaction = false })
    return {
      pre = {
        { name = "room on disk", otherwise = "fail", sql = state, columns = types, expect = "disk_free >= size * 2" },
      },
      run = run,
      post = { { name = "compact", sql = state, columns = types, expect = done } },
    }
  end,
}
