local log_size = "select upkeep_file_size('-wal') as log_size"
local types = { log_size = "bytes" }

return action {
  name = "purge_logs", engine = "sqlite", kind = "log",
  needs = { privileges = { "write" } },
  doc = "empties the write-ahead log after moving it into the file (wal_checkpoint(TRUNCATE))",
  reads = { "size" },
  atomicity = "autocommit",
  risk = "low",
  locks = function(o, p) return { { mode = "write", object = { "main" } } } end,
  post = "holds",
  subsumes = { "checkpoint" },
  undo = { class = "none", why = "the rows are the same; they only moved into the file" },
  estimate = function(o, p)
    u.known(o, "size")
    return { reads_bytes = o.size, writes_bytes = o.size, disk_peak_bytes = 0, blocking_ms = 0 }
  end,
  probe = function(o, p)
    return {
      done = { name = "the log is shorter", sql = log_size, columns = types,
               expect = "log_size < before.log_size or log_size = 0B" },
    }
  end,
  plan = function(o, p)
    return {
      pre = {
        { name = "size of the log", otherwise = "skip", sql = log_size, columns = types, expect = "log_size > 0B" },
      },
      -- The first moves what it can and blocks nobody; the second, which holds writers back, has little left to do.
      run = {
        { sql = "pragma wal_checkpoint(passive)", transaction = false },
        { sql = "pragma wal_checkpoint(truncate)", returns = "checkpoint", transaction = false },
      },
      post = {
        { name = "no reader or writer holds the log", sql = "select 1 as one", expect = "checkpoint.busy = 0" },
      },
    }
  end,
}
