local function now(o)
  return "select coalesce(bool_or(f.applied), false) as applied, (select s.pending_restart from pg_catalog.pg_settings s where s.name = "
    .. u.literal(o.name) .. ") as waits from pg_catalog.pg_file_settings f where f.name = " .. u.literal(o.name)
end

-- What postgresql.auto.conf says of it: that is what ALTER SYSTEM changes, and what undoing puts back.
local function written(o)
  return "select f.setting as written from pg_catalog.pg_file_settings f where f.name = " .. u.literal(o.name)
    .. " and f.sourcefile like '%/postgresql.auto.conf' order by f.seqno desc limit 1"
end

return action {
  name = "set_parameter", engine = "postgres", kind = "setting",
  needs = { privileges = { "parameters" } },
  doc = "sets a parameter of the server (ALTER SYSTEM, then a reload); one that needs a restart waits for it",
  parameters = {
    value = { type = "text", doc = "the value, with its unit where it has one; otherwise the recommended one" },
  },
  reads = { "recommended", "context", "auto_value", "may_alter_system" },
  atomicity = "autocommit",
  risk = "high",
  explain = { undo = "inverse: ALTER SYSTEM puts back what it said before" },
  locks = {},
  post = "own",
  undo = function(o, p)
    local back = "alter system reset " .. u.ident(o.name)
    if o.auto_value then back = "alter system set " .. u.ident(o.name) .. " = " .. u.literal(o.auto_value) end
    return {
      class = "inverse", why = "ALTER SYSTEM puts back what it said before",
      steps = { { sql = back, transaction = false }, { sql = "select pg_catalog.pg_reload_conf()" } },
    }
  end,
  estimate = { reads_bytes = 0, writes_bytes = 8192, disk_peak_bytes = 0, blocking_ms = 0, ms = 200 },
  probe = function(o, p)
    return {
      done = {
        name = "it is written", sql = written(o), expect = "written = " .. u.literal(p.value or o.recommended or ""), within_ms = 2000,
      },
    }
  end,
  plan = function(o, p)
    local value = p.value or o.recommended
    if not value then u.refuse("nothing is recommended for every server: say `with: { value: .. }`") end
    if o.may_alter_system == nil then u.refuse("only a superuser sees what ALTER SYSTEM has set, to put it back") end
    if not o.may_alter_system then u.refuse("the server lets nobody change it with ALTER SYSTEM") end
    return {
      pre = {
        {
          name = "ALTER SYSTEM has set what was planned from", otherwise = "fail",
          sql = "select (" .. written(o) .. ") as written",
          expect = o.auto_value and "written = " .. u.literal(o.auto_value) or "written is null",
        },
      },
      run = {
        { sql = "alter system set " .. u.ident(o.name) .. " = " .. u.literal(value), transaction = false },
        { sql = "select pg_catalog.pg_reload_conf()" },
      },
      post = {
        {
          name = "it is written", sql = written(o), expect = "written = " .. u.literal(value), within_ms = 5000,
        },
        { name = "it is in force, or waits for a restart", sql = now(o), expect = "applied or waits", within_ms = 5000 },
      },
    }
  end,
}
