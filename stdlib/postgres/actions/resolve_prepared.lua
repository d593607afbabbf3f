local function left(o)
  return "select count(*) as left from pg_catalog.pg_prepared_xacts where gid = " .. u.literal(o.name)
    .. " and database = pg_catalog.current_database()"
end

return action {
  name = "resolve_prepared", engine = "postgres", kind = "transaction",
  needs = { privileges = { "prepared" } },
  doc = "ends a prepared transaction that nobody ends (ROLLBACK PREPARED, COMMIT PREPARED); ask its coordinator first",
  parameters = {
    how = {
      type = "text", required = true, choices = { "rollback", "commit" },
      doc = "what its coordinator decided; one that knows nothing of it has rolled back",
    },
  },
  reads = { "database", "prepared_age" },
  atomicity = "autocommit",
  risk = "high",
  destructive = true,
  locks = {},
  post = "own",
  undo = { class = "none", why = "the transaction has ended, for all its participants" },
  estimate = { reads_bytes = 0, writes_bytes = 8192, disk_peak_bytes = 0, blocking_ms = 0, ms = 50 },
  probe = function(o, p)
    return { done = { name = "it has ended", sql = left(o), expect = "left = 0" } }
  end,
  plan = function(o, p)
    u.known(o, "database")
    return {
      pre = {
        {
          name = "it is of this database", otherwise = "fail",
          sql = "select pg_catalog.current_database() as here", expect = "here = " .. u.literal(o.database),
        },
        { name = "it is there", otherwise = "skip", sql = left(o), expect = "left = 1" },
      },
      run = { { sql = p.how .. " prepared " .. u.literal(o.name), transaction = false } },
      post = { { name = "it has ended", sql = left(o), expect = "left = 0" } },
    }
  end,
}
