-- Partitioned tables as sets, their partitions, and tables that were partitions once.
--
-- A set by range of one date, timestamp or integer has an interval when its twelve newest partitions are equally long: in months or days of a
-- time zone where its bounds fall on midnights (UTC, the session's, one that a role or database is set to), else in seconds or ids.
local filter = "and n.nspname = $1 and c.relname = $2"
local keys = { "schema", "name" }

return {
  kind {
    name = "partition_set",
    doc = "a partitioned table with its partitions",
    keys = keys,
    parents = { table = keys, database = { "database" }, instance = {} },
  },

  collector {
    name = "partition_set", kind = "partition_set", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "database", "text", "the current database" },
      { "strategy", "text", "range, list or hash" },
      { "key", "text", "what it is partitioned by, when that is one thing" },
      { "key_type", "text", "type of that" },
      { "partitions", "int", "partitions, without the default one" },
      { "default_partition", "text", "the partition for all that fits no other; null: none" },
      { "default_rows", "int", "rows in it, as they were last counted; 0 when there is none", reason = true },
      { "rows", "int", "rows of all partitions, as they were last counted", reason = true },
      { "size", "bytes", "pages of all partitions, TOAST included, as the last vacuum or analyze saw them" },
      { "referenced_by", "text", "foreign keys that point to it" },
      { "writable_columns", "text", "its columns that are not generated, quoted and joined by commas" },
    },
    filter = filter, filter_keys = keys,
    variants = { { sql = sql_file "partition_set.sql" } },
  },

  collector {
    name = "partition_set_ranges", kind = "partition_set", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "interval", "text", "hourly, daily, weekly, monthly, quarterly, yearly, or N months, days, seconds, ids", reason = true },
      { "timezone", "text", "where its bounds fall on midnights, when they have a zone" },
      { "step_months", "int", "its interval in months" },
      { "step_days", "int", "its interval in days" },
      { "step_size", "int", "its interval in microseconds or ids" },
      { "partitions_ahead", "int", "partitions behind the one that is written to now, without a gap", reason = true },
      { "ahead_time", "duration", "from now to the end of the last of those; 0: nothing takes what is written now", reason = true },
      { "oldest_partition_age", "duration", "since the end of its oldest partition; 0: none has ended", reason = true },
      { "partitions_behind", "int", "partitions before the one that is written to now" },
      { "position", "int", "what is written now: microseconds since 1970 of the wall clock, or an id" },
      { "edge", "int", "where the next partition begins: microseconds since 1970 of the wall clock, or an id" },
      { "next_bound", "int", "where a partition behind a gap begins; null: there is none" },
      { "name_format", "text", "how names of partitions end: a format of to_char, or first, last, end, number for ids" },
      { "name_prefix", "text", "how they begin" },
      { "past_schemas", "list", "schemas of the 32 oldest partitions that have ended, oldest first" },
      { "past_names", "list", "their names" },
      { "past_bounds", "list", "their bounds" },
      { "past_ages", "list", "since their ends, in microseconds or ids" },
    },
    filter = filter, filter_keys = keys,
    variants = { { sql = sql_file "partition_set_ranges.sql" } },
  },

  collector {
    name = "partition_set_model", kind = "partition_set", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "model_schema", "text", "schema of the newest partition, which new ones are made like" },
      { "model", "text", "name of that" },
      { "model_persistence", "text", "'unlogged ' when it is" },
      { "model_method", "text", "its access method, when it is not the server's default" },
      { "model_tablespace", "text", "its tablespace, when it is not the database's" },
      { "model_statements", "list", "what makes a new table like it, besides its columns" },
      { "identity_index", "text", "the set's index by which replication identifies its rows" },
      { "published", "bool", "changes are published under the names of its partitions, which subscribers must have" },
    },
    filter = filter, filter_keys = keys,
    variants = { { sql = sql_file "partition_set_model.sql" } },
  },

  collector {
    name = "partition_set_managed", kind = "partition_set", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "managed_by", "text", "the tool that makes and drops its partitions: pg_partman; null: none" },
    },
    filter = filter, filter_keys = keys,
    variants = {
      { needs = { "partman" }, sql = sql_file "partition_set_managed.sql" },
      { sql = sql_file "partition_set_alone.sql" },
    },
  },

  kind {
    name = "partition",
    doc = "a partition of a partitioned table",
    keys = keys,
    parents = { partition_set = { "set_schema", "set" }, table = keys, database = { "database" }, instance = {} },
  },

  collector {
    name = "partition", kind = "partition", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "set_schema", "text", "schema of its partitioned table" },
      { "set", "text", "name of its partitioned table" },
      { "database", "text", "the current database" },
      { "lower_bound", "text", "where it begins, of a range" },
      { "upper_bound", "text", "where it ends, of a range" },
      { "is_default", "bool", "takes what fits no other" },
      { "is_current", "bool", "takes what is written now", reason = true },
      { "age", "duration", "since its end; 0: it has not ended", reason = true },
      { "rows", "int", "rows, as the last vacuum or analyze counted or estimated them", reason = true },
      { "size", "bytes", "its pages as the last vacuum or analyze saw them" },
      { "detaching", "bool", "it is being detached, or that was cut off (14)" },
    },
    filter = "and n.nspname = $1 and x.relname = $2", filter_keys = keys,
    variants = { { sql = sql_file "partition.sql" } },
  },

  collector {
    name = "table_quarantine", kind = "table", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" },
      { "name", "text", "its name" },
      { "quarantined_for", "duration", "since expire_partitions took it out of its set; 0: it did not" },
      { "quarantined_from", "text", "the set that it was a partition of" },
    },
    filter = filter, filter_keys = keys,
    variants = { { needs = { "ledger" }, sql = sql_file "table_quarantine.sql" } },
    unavailable = "upkeep's ledger is not in this database: it has taken nothing out of a set",
  },
}
