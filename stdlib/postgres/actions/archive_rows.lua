local parts = require "postgres/parts"
local retention = require "postgres/retention"

local function archive_of(o, p)
  local name = p.to or (o.name .. "_archive")
  -- The server would cut it, and might then take the table for its own archive.
  if #name > 63 then u.refuse("the archive's name would be longer than 63 bytes: give one as `to`") end
  if name == o.name and (p.to_schema or o.schema) == o.schema then u.refuse("the archive is the table itself") end
  return u.ident(p.to_schema or o.schema, name)
end

return action {
  name = "archive_rows", engine = "postgres", kind = "table",
  needs = { privileges = { "owner", "write_rows" } },
  doc = "moves rows past their retention to an archive table of the same database, or to files, in short transactions",
  parameters = {
    column = retention.parameters.column,
    older_than = { type = "duration", required = true, min = 1, doc = "rows older than this are moved" },
    to = { type = "text", doc = "the archive table; otherwise the table's name and _archive; made when it is not there" },
    to_schema = { type = "text", doc = "its schema, which exists; otherwise the table's" },
    folder = {
      type = "text",
      doc = "in place of a table: files of JSON lines, compressed (.jsonl.zst), in this folder of the host that applies the plan;"
        .. " `archives` of the project must allow it",
    },
    max_rows = { type = "int", default = 100000, min = 0, doc = "at most so many rows a step; 0: all" },
    batch = retention.parameters.batch,
    round = retention.parameters.round,
  },
  reads = retention.reads,
  atomicity = "transaction",
  explain = {
    undo = "inverse: the rows are put back from the archive, where they stand marked with the run; or from the files, once their checksums are verified",
  },
  risk = "high",
  destructive = true,
  locks = function(o, p)
    if p.folder then return { { mode = "row exclusive", object = { o.schema, o.name } } } end
    return {
      { mode = "row exclusive", object = { o.schema, o.name } },
      { mode = "row exclusive", object = { p.to_schema or o.schema, p.to or (o.name .. "_archive") } },
    }
  end,
  post = "own",
  conflicts = { "expire_rows" },
  blocked_by = retention.blocked_by,
  undo = function(o, p)
    if p.folder then
      return { class = "inverse", why = "the rows stand in the files of the folder", steps = parts.undo(o, p) }
    end
    local archive = archive_of(o, p)
    local steps = retention.passes_over(o, p, {
      source = archive, which = "t.upkeep_run = {value}", value = { from = "step.run" }, value_kind = "text",
      treat = "insert into " .. o.sql .. " (" .. o.writable_columns .. ") overriding system value select " .. o.writable_columns,
    })
    -- Rows that somebody holds were left out: then it is no undo. The cast fails, and its message says so.
    table.insert(steps, {
      sql = "select (case when count(*) > 0 then count(*) || ' rows of the run are left in the archive' end)::int as rest"
        .. " from only " .. archive .. " where upkeep_run = $1",
      params = { { from = "step.run" } },
    })
    return { class = "inverse", why = "the rows stand in the archive table, marked with the run", steps = steps }
  end,
  plan = function(o, p)
    retention.check(o, p)
    if p.folder and (p.to or p.to_schema) then u.refuse("rows go to a table or to a folder, not to both") end
    if p.folder then
      return { pre = parts.pre(retention.pre(o, p)), run = parts.run(o, p), post = { retention.fewer(o, p) } }
    end
    if string.contains(", " .. o.columns .. ",", ", upkeep_run,") then u.refuse("it is an archive") end
    local archive = archive_of(o, p)
    local pre = retention.pre(o, p)
    table.insert(pre, {
      name = "the archive is one, or not there", otherwise = "fail",
      sql = "select to_regclass(" .. u.literal(archive) .. ") is null or exists (select from pg_attribute a"
        .. " join pg_class c on c.oid = a.attrelid where c.oid = to_regclass(" .. u.literal(archive) .. ")"
        .. " and c.relkind in ('r', 'p') and a.attname = 'upkeep_run' and not a.attisdropped) as usable",
      expect = "usable",
    })
    table.insert(pre, {
      -- A subscriber that lacks it would stop, and its slot would hold back WAL from then on.
      name = "no publication would take up a new archive", otherwise = "fail",
      sql = "select count(*) as publications, to_regclass(" .. u.literal(archive) .. ") is not null as there"
        .. " from pg_publication p where p.puballtables"
        .. (o.engine_version >= u.version("15")
          and " or exists (select from pg_publication_namespace s join pg_namespace n on n.oid = s.pnnspid"
            .. " where s.pnpubid = p.oid and n.nspname = " .. u.literal(p.to_schema or o.schema) .. ")"
          or ""),
      expect = "publications = 0 or there",
    })
    local run = {
      { sql = "create table if not exists " .. archive .. " (like " .. o.sql .. ", upkeep_run text not null)" },
    }
    local treat = "insert into " .. archive .. " (" .. o.columns .. ", upkeep_run) select " .. o.columns .. ", {param}"
    for _, statement in ipairs(retention.passes(o, p, treat, { from = "step.run" })) do table.insert(run, statement) end
    return { pre = pre, run = run, post = { retention.fewer(o, p) } }
  end,
}
