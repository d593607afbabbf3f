local function index_name(o, p)
  if p.name then return p.name end
  return o.table .. "_" .. o.name .. "_fkey_idx"
end

return action {
  name = "create_index", engine = "sqlite", kind = "constraint",
  needs = { privileges = { "write" } },
  doc = "makes an index on the columns of a foreign key; writers wait",
  parameters = {
    name = { type = "text", doc = "name of the index; otherwise made of table and columns" },
  },
  reads = { "columns", "database.corruption_found" },
  atomicity = "transaction",
  risk = "medium",
  locks = function(o, p) return { { mode = "write", object = { "main" } } } end,
  post = "holds",
  fights = { "drop_index" },
  blocked_by = {
    { when = "database.corruption_found > 0", why = "damage was found; save what can be saved before anything rewrites it" },
  },
  explain = { undo = "inverse: the index is dropped" },
  undo = function(o, p)
    return { class = "inverse", why = "the index did not exist before",
             steps = { { sql = "drop index main." .. u.ident(index_name(o, p)) } } }
  end,
  plan = function(o, p)
    local name = index_name(o, p)
    return {
      pre = {
        {
          name = "the name is free", otherwise = "fail",
          sql = "select count(*) as taken from sqlite_schema where lower(name) = lower(" .. u.literal(name) .. ")",
          expect = "taken = 0",
        },
      },
      run = {
        { sql = "create index main." .. u.ident(name) .. " on " .. u.ident(o.table) .. " (" .. o.columns .. ")" },
      },
      post = {
        {
          name = "the index is there",
          sql = "select count(*) as found from sqlite_schema where type = 'index' and name = " .. u.literal(name)
            .. " and tbl_name = " .. u.literal(o.table) .. " collate nocase",
          expect = "found = 1",
        },
      },
    }
  end,
}
