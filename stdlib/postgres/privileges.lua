-- What the role must be allowed, in the words that actions use under `needs`, and how it is given. {role} is the role.
-- Manual: 22.5 Predefined Roles, GRANT, 20.4.3 (pg_signal_backend), 9.28.2.

-- The tables of superusers are left: membership in their roles would be all rights.
local owners = [[
do $$ declare owner text; begin
  for owner in select distinct r.rolname from pg_catalog.pg_class c join pg_catalog.pg_roles r on r.oid = c.relowner
      where c.relkind in ('r', 'p', 'm', 'S') and not r.rolsuper and r.rolname <> '{role}' and r.rolname !~ '^pg_' loop
    execute format('grant %I to %I', owner, '{role}');
  end loop;
end $$;]]

-- pg_maintain does not open schemas.
local usage = [[
do $$ declare s text; begin
  for s in select nspname from pg_catalog.pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' loop
    execute format('grant usage on schema %I to %I', s, '{role}');
  end loop;
end $$;]]

local function on_schemas(what)
  return [[
do $$ declare s text; begin
  for s in select nspname from pg_catalog.pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' loop
    execute format('grant usage on schema %I to %I', s, '{role}');
    execute format('grant ]] .. what .. [[ on all tables in schema %I to %I', s, '{role}');
  end loop;
end $$;]]
end

local owner_note = "the role must own the tables, or be a member of the roles that do; of tables that superusers own, change the owner first"

return {
  connect = {
    doc = "to look at the database", always = true,
    grants = { { sql = [[do $$ begin execute format('grant connect on database %I to %I', current_database(), '{role}'); end $$;]] } },
  },
  monitor = {
    doc = "sees settings, sizes, replication and what other sessions do; without it such facts are unknown", capability = "monitor", always = true,
    grants = { { sql = "grant pg_monitor to {role};" } },
  },
  read_all_stats = { doc = "a part of pg_monitor", capability = "read_all_stats", grants = { { sql = "grant pg_read_all_stats to {role};" } } },
  ledger = {
    doc = "makes the schema upkeep, for its ledger; revoke it after the first run",
    grants = { { sql = [[do $$ begin execute format('grant create on database %I to %I', current_database(), '{role}'); end $$;]] } },
  },
  statistics = {
    doc = "estimates bloat by the planner's statistics of all tables; without it, of those that the role may read", capability = "statistics",
    grants = { { sql = "grant select on pg_catalog.pg_statistic to {role};",
      note = "it shows values of all columns, those under row security too; reading the tables (below) will do for most" } },
  },
  read_rows = {
    doc = "reads the tables: statistics by pg_stats, ages of rows, checks of data",
    grants = {
      { min = "14", sql = "grant pg_read_all_data to {role};" },
      { max = "14", sql = on_schemas("select"), note = "once more after new tables" },
    },
  },
  write_rows = {
    doc = "moves or deletes rows",
    grants = {
      { min = "14", sql = "grant pg_read_all_data, pg_write_all_data to {role};" },
      { max = "14", sql = on_schemas("select, insert, update, delete"), note = "once more after new tables" },
    },
  },
  maintain = {
    doc = "vacuums, analyses, reindexes",
    grants = {
      { min = "17", sql = "grant pg_maintain to {role};\n" .. usage, note = "the schemas once more after new ones" },
      { max = "17", sql = owners, note = owner_note },
    },
  },
  owner = { doc = "changes tables, indexes or sequences", grants = { { sql = owners, note = owner_note } } },
  amcheck = {
    doc = "checks tables and indexes for damage", capability = "amcheck",
    grants = { { sql = [[
create extension if not exists amcheck;
do $$ declare f regprocedure; begin
  for f in select d.objid from pg_catalog.pg_depend d join pg_catalog.pg_extension e on e.oid = d.refobjid
      where d.refclassid = 'pg_extension'::regclass and d.classid = 'pg_proc'::regclass and d.deptype = 'e' and e.extname = 'amcheck' loop
    execute format('grant execute on function %s to %I', f, '{role}');
  end loop;
end $$;]], note = "amcheck is one of PostgreSQL's contrib modules" } },
  },
  signal = {
    doc = "ends sessions", grants = { { sql = "grant pg_signal_backend to {role};", note = "sessions of superusers only a superuser can end" } },
  },
  replication = { doc = "drops replication slots", grants = { { sql = "alter role {role} replication;" } } },
  parameters = {
    doc = "sets parameters of the server",
    grants = {
      { min = "15", note = "for each parameter: grant alter system on parameter NAME to {role};",
        sql = "grant execute on function pg_catalog.pg_reload_conf() to {role};" },
      { max = "15", note = "only a superuser may ALTER SYSTEM before PostgreSQL 15" },
    },
  },
  prepared = {
    doc = "ends prepared transactions",
    grants = { { note = "only the role that prepared one may end it, or a superuser: the role must be a member of neither; connect as that role" } },
  },
  superuser = {
    doc = "reads the settings in the server's files (pg_file_settings)", capability = "superuser",
    grants = { { note = "only a superuser; without it these facts are unknown" } },
  },
  statement = { doc = "what the statements of run_sql, validate_data or a program do", grants = { { note = "upkeep does not read SQL: give what these statements need" } } },
}
