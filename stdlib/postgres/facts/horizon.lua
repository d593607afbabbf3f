-- What holds back vacuum: of the instance by source, and of each database.
local holders = sql_file "horizon_holders.sql"

return {
  collector {
    name = "instance_horizon", kind = "instance", cost = "cheap",
    attributes = {
      { "name", "text", "always instance" },
      { "xmin_horizon_age", "int", "transactions whose dead rows cannot be removed yet; 0: nobody holds them", reason = true },
      { "xmin_horizon_held_for", "duration", "how long the oldest holder has held them", reason = true },
      { "xmin_horizon_source", "text", "session, replica, slot or prepared transaction" },
      { "xmin_horizon_holder", "text", "who that is: process, slot or name, transaction, age" },
      { "xmin_horizon_pid", "int", "its process; null: it has none" },
      { "xmin_horizon_transaction", "text", "its transaction id" },
      { "xmin_session_age", "int", "transactions that the oldest session holds; 0: none", reason = true },
      { "xmin_session_pid", "int", "its process" },
      { "xmin_replica_age", "int", "those that the oldest standby with hot_standby_feedback holds without a slot; 0: none", reason = true },
      { "xmin_replica_pid", "int", "the walsender of it" },
      { "xmin_slot_age", "int", "those that the oldest slot holds; 0: none" },
      { "xmin_slot", "text", "its name" },
      { "xmin_prepared_age", "int", "those that the oldest prepared transaction holds; 0: none" },
      { "xmin_prepared", "text", "its global identifier" },
      { "catalog_xmin_age", "int", "transactions whose dead catalogue rows a logical slot holds; 0: none" },
      { "catalog_xmin_slot", "text", "that slot" },
      { "catalog_xmin_holder", "text", "that slot, who reads from it, its transaction and age" },
    },
    filter = "and i.name = $1",
    filter_keys = { "name" },
    variants = { { sql = holders .. sql_file "instance_horizon.sql" } },
  },

  collector {
    name = "database_horizon", kind = "database", cost = "cheap",
    attributes = {
      { "name", "text", "name of the database" },
      { "xmin_horizon_age", "int", "transactions whose dead rows cannot be removed yet in this database; 0: nobody holds them", reason = true },
      { "xmin_horizon_held_for", "duration", "how long the oldest holder has held them", reason = true },
      { "xmin_horizon_source", "text", "session, replica, slot or prepared transaction" },
      { "xmin_horizon_holder", "text", "who that is: process, slot or name, transaction, age" },
      { "xmin_horizon_pid", "int", "its process; null: it has none" },
      { "xmin_horizon_session", "text", "the client's session, by the id of the kind session" },
      { "xmin_horizon_slot", "text", "the slot, when it is one" },
      { "xmin_horizon_prepared", "text", "the prepared transaction's global identifier, when it is one" },
    },
    filter = "and d.datname = $1",
    filter_keys = { "name" },
    variants = { { sql = holders .. sql_file "database_horizon.sql" } },
  },
}
