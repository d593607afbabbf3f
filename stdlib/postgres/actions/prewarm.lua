local page_bytes = 8192

return action {
  name = "prewarm", engine = "postgres", kind = "any",
  doc = "reads a table or index into memory (pg_prewarm), as after a rebuild or a failover; TOAST and a table's indexes are read by themselves",
  parameters = {
    mode = {
      type = "text", default = "buffer", choices = { "buffer", "read", "prefetch" },
      doc = "buffer: into shared buffers; read, prefetch: into the host's cache only",
    },
  },
  reads = { "instance.prewarm_schema", "instance.shared_buffers" },
  atomicity = "transaction",
  risk = "low",
  locks = function(o, p) return { { mode = "access share", object = { o.schema, o.name } } } end,
  post = "own",
  on_replica = true,
  undo = { class = "none", why = "memory is given to whoever needs it next" },
  plan = function(o, p)
    if o.kind ~= "table" and o.kind ~= "index" then u.refuse("only tables and indexes are read into memory") end
    local schema = o["instance.prewarm_schema"]
    if not schema then u.refuse("the extension pg_prewarm is not in this database") end
    local size = "select pg_catalog.pg_relation_size(" .. u.literal(o.sql) .. "::pg_catalog.regclass) as size"
    local most = p.mode == "buffer" and o["instance.shared_buffers"] // 2 or 9007199254740991
    return {
      pre = {
        {
          name = p.mode == "buffer" and "it takes at most half of the shared buffers" or "it is there", otherwise = "fail",
          sql = size, expect = string.format("size <= %d", most),
        },
      },
      run = {
        {
          sql = "select " .. u.ident(schema) .. ".pg_prewarm(" .. u.literal(o.sql) .. "::pg_catalog.regclass, " .. u.literal(p.mode)
            .. ") as pages",
          returns = "warmed",
        },
      },
      post = {
        -- It may have lost its last pages meanwhile, or got new ones.
        {
          name = "its pages were read", sql = size,
          expect = string.format("warmed.pages * %d >= min(size, before.size)", 2 * page_bytes),
        },
      },
    }
  end,
}
