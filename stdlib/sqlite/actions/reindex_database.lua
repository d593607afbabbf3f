return action {
  name = "reindex_database", engine = "sqlite", kind = "database",
  needs = { privileges = { "write" } },
  doc = "writes every index anew (REINDEX); writers wait",
  reads = { "size" },
  atomicity = "transaction",
  risk = "medium",
  locks = function(o, p) return { { mode = "write", object = { "main" } } } end,
  post = "own",
  undo = { class = "none", why = "rebuilt indexes hold the same entries" },
  estimate = function(o, p)
    u.known(o, "size")
    local ms = o.size * 2 // 80000 + 1
    return { reads_bytes = o.size, writes_bytes = o.size, disk_peak_bytes = o.size, ms = ms, blocking_ms = ms }
  end,
  plan = function(o, p)
    return {
      pre = {},
      run = { { sql = "reindex" } },
      post = {
        {
          name = "indexes and tables agree",
          sql = "select count(*) as damage from pragma_integrity_check(1) where integrity_check <> 'ok'",
          expect = "damage = 0",
        },
      },
    }
  end,
}
