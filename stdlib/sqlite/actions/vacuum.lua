return action {
  name = "vacuum", engine = "sqlite", kind = "database",
  needs = { privileges = { "write" } },
  doc = "gives free pages at the end of the file back (incremental_vacuum); the file must have auto_vacuum = incremental",
  parameters = {
    pages = { type = "int", default = 0, min = 0, doc = "at most so many pages; 0: all" },
  },
  reads = { "size", "free_size", "corruption_found" },
  atomicity = "transaction",
  risk = "low",
  locks = function(o, p) return { { mode = "write", object = { "main" } } } end,
  post = "improves",
  conflicts = { "compact_database" },
  blocked_by = {
    { when = "corruption_found > 0", why = "damage was found; save what can be saved before anything rewrites it" },
  },
  undo = { class = "none", why = "the file grows again by itself when it needs room" },
  estimate = function(o, p)
    u.known(o, "free_size")
    local ms = o.free_size * 2 // 80000 + 1
    return {
      reads_bytes = o.free_size, writes_bytes = o.free_size, disk_peak_bytes = o.free_size, ms = ms, blocking_ms = ms,
    }
  end,
  plan = function(o, p)
    local free = "select a.auto_vacuum, f.freelist_count as free_pages"
      .. " from pragma_auto_vacuum a, pragma_freelist_count f"
    return {
      pre = { { name = "incremental", otherwise = "fail", sql = free, expect = "auto_vacuum = 2" } },
      run = { { sql = string.format("pragma incremental_vacuum(%d)", p.pages) } },
      post = {
        { name = "fewer free pages", sql = free, expect = "free_pages < before.free_pages or free_pages = 0" },
      },
    }
  end,
}
