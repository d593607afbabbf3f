local log_size = "select upkeep_file_size('-wal') as log_size"
local types = { log_size = "bytes" }

return action {
  name = "checkpoint", engine = "sqlite", kind = "log",
  needs = { privileges = { "write" } },
  doc = "moves the write-ahead log into the file (wal_checkpoint)",
  parameters = {
    mode = {
      type = "text", default = "truncate", choices = { "passive", "full", "restart", "truncate" },
      doc = "truncate also makes the log file empty; passive waits for nobody",
    },
  },
  reads = { "size" },
  atomicity = "autocommit",
  risk = "low",
  locks = function(o, p) return { { mode = "write", object = { "main" } } } end,
  -- Only truncate makes the log file shorter; the others let it be written from its beginning again.
  post = function(p) return p.mode == "truncate" and "holds" or "own" end,
  explain = { post = "the invariant must hold afterwards; modes that leave the file as long as it is: checks of its own" },
  undo = { class = "none", why = "the rows are the same; they only moved into the file" },
  estimate = function(o, p)
    u.known(o, "size")
    local ms = o.size * 2 // 80000 + 1
    return {
      reads_bytes = o.size, writes_bytes = o.size, disk_peak_bytes = 0, ms = ms, blocking_ms = p.mode == "passive" and 0 or ms,
    }
  end,
  probe = function(o, p)
    if p.mode ~= "truncate" then
      -- Asked by doing it once more: that waits for nobody, and finds nothing left to move.
      return {
        done = { name = "the log stands in the file", sql = "pragma wal_checkpoint(passive)", expect = "log = checkpointed" },
      }
    end
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
      run = { { sql = "pragma wal_checkpoint(" .. p.mode .. ")", returns = "checkpoint", transaction = false } },
      post = {
        { name = "no reader or writer holds the log", sql = "select 1 as one", expect = "checkpoint.busy = 0" },
      },
    }
  end,
}
