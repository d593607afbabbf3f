-- Pacing: what a step that nothing can pause may take of the server. `limits: { pace: none }` of a policy switches it off.
--
-- VACUUM and ANALYZE count their work (a page found 1, read 2, dirtied 20) and rest for the delay whenever the count reaches
-- the limit (manual, 20.4.4).
local pace = {}

local cost_limit = 200
local cost_delay_us = 2000
local page_bytes = 8192

function pace.gentle(o) return o.pace ~= "none" end

-- Steps of one turn run one after the other, on however many sessions.
function pace.turn(o) return pace.gentle(o) and "paced" or nil end

-- Settings for VACUUM and ANALYZE; `delay_us` is the step's own.
function pace.vacuum(o, delay_us)
  if not pace.gentle(o) then
    return delay_us and { vacuum_cost_delay = string.format("%dus", delay_us) } or nil
  end
  return {
    maintenance_work_mem = "64MB",
    max_parallel_maintenance_workers = "0",
    -- Of the shared buffers; before 16 it is 256 KiB.
    vacuum_buffer_usage_limit = o.engine_version >= u.version("16") and "2MB" or nil,
    vacuum_cost_delay = string.format("%dus", delay_us or cost_delay_us),
    vacuum_cost_limit = string.format("%d", cost_limit),
  }
end

-- The statistics of a sample (30,000 rows at most, 300 for each unit of the default target) are counted without any rest: some
-- 50 ms of one processor. What comes after it waits until that was a tenth of the time.
local function rest_ms(o)
  local rows = o.rows or 30000
  if rows > 30000 then rows = 30000 end
  return 10 + rows * 400 // 30000
end

-- `run` of a step that analyses, with its rest.
function pace.analyzed(o, sql)
  local run = { { sql = sql, transaction = false } }
  if pace.gentle(o) then
    local rest = string.format("select pg_catalog.pg_sleep(0.%03d)", rest_ms(o))
    table.insert(run, { sql = rest, transaction = false })
  end
  return run
end

-- Settings for building an index, which counts no work: one process, small sorts, pages handed to the disk as they are
-- written instead of all at the next checkpoint; and where the executor stands on the server's host, ten steps of priority less.
function pace.build(o)
  if not pace.gentle(o) then return nil end
  return {
    backend_flush_after = "256kB",
    ["host.priority"] = "10",
    maintenance_work_mem = "32MB",
    max_parallel_maintenance_workers = "0",
  }
end

-- How long VACUUM or ANALYZE takes with its rests; nil when it has none.
function pace.milliseconds(o, reads_bytes, writes_bytes, delay_us)
  local delay = delay_us or (pace.gentle(o) and cost_delay_us) or 0
  if delay == 0 then return nil end
  local cost = (reads_bytes * 2 + writes_bytes * 20) // page_bytes
  local bytes_per_ms = 80000 -- without any rest
  return cost // cost_limit * delay // 1000 + (reads_bytes + writes_bytes) // bytes_per_ms + 1
end

return pace
