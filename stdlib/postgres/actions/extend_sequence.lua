local function bounds(o)
  return "select s.seqmax as last, pg_catalog.format_type(s.seqtypid, null) as of from pg_catalog.pg_sequence s where s.seqrelid ="
    .. " pg_catalog.to_regclass(" .. u.literal(o.sql) .. ")"
end
local largest = { smallint = "32767", integer = "2147483647", bigint = "9223372036854775807" }

return action {
  name = "extend_sequence", engine = "postgres", kind = "sequence",
  needs = { privileges = { "owner" } },
  doc = "gives a sequence the whole range of its column (ALTER SEQUENCE .. AS .. NO MAXVALUE); nextval waits for a moment",
  reads = { "type", "column_type", "max_value", "last_value", "increment", "is_owned" },
  atomicity = "transaction",
  risk = "medium",
  explain = { undo = "inverse: the sequence gets its old end; refused when it has passed it" },
  locks = function(o, p) return { { mode = "share row exclusive", object = { o.schema, o.name } } } end,
  post = "holds",
  undo = function(o, p)
    return {
      class = "inverse", why = "the sequence gets its old end; refused when it has passed it",
      steps = { { sql = "alter sequence " .. o.sql .. " as " .. o.type .. " maxvalue " .. o.max_value } },
    }
  end,
  estimate = { reads_bytes = 0, writes_bytes = 8192, disk_peak_bytes = 0, blocking_ms = 10, ms = 20 },
  plan = function(o, p)
    u.known(o, "type", "max_value", "increment")
    if o.is_owned == false then u.refuse("the connected role does not own it") end
    if o.increment < 0 then u.refuse("it counts down") end
    local wanted = o.column_type or "bigint"
    if not largest[wanted] then u.refuse("its column is of type " .. wanted) end
    if o.type == wanted and o.max_value == largest[wanted] then
      u.refuse("its column is of type " .. wanted .. ", which ends there: the column needs a larger type")
    end
    return {
      pre = {
        {
          name = "it ends where it was planned", otherwise = "fail", sql = bounds(o),
          expect = "last = " .. o.max_value .. " and of = " .. u.literal(o.type),
        },
      },
      run = { { sql = "alter sequence " .. o.sql .. " as " .. wanted .. " no maxvalue" } },
      post = {
        {
          name = "it ends where its column does", sql = bounds(o),
          expect = "last = " .. largest[wanted] .. " and of = " .. u.literal(wanted),
        },
      },
    }
  end,
}
