/* MariaDB 10.6 and later, and MySQL 8, which is its variant.
 * Sources: MariaDB Knowledge Base "MariaDB Error Codes", "Server System
 * Variables", "GET_LOCK", "KILL"; MySQL 8.0 Error Message Reference. */
#include <string.h>
#include <strings.h>

#include "driver/odbc/dialect.h"
#include "quote.h"

static const odbc_code codes[] = {
    /* locks */
    {1205, DRIVER_LOCK_TIMEOUT}, /* ER_LOCK_WAIT_TIMEOUT, InnoDB and DDL */
    {3572, DRIVER_LOCK_TIMEOUT}, /* MySQL, NOWAIT */
    {1213, DRIVER_DEADLOCK},
    {1614, DRIVER_DEADLOCK}, /* within an XA transaction */
    {3058, DRIVER_DEADLOCK}, /* MySQL, user-level locks */
    /* worth another try */
    {1040, DRIVER_BUSY}, /* too many connections */
    {1203, DRIVER_BUSY}, /* max_user_connections */
    {1226, DRIVER_BUSY},
    {1047, DRIVER_BUSY}, /* Galera: the node is not ready */
    {1412, DRIVER_BUSY}, /* table definition has changed */
    {1615, DRIVER_BUSY}, /* prepared statement needs to be re-prepared */
    {1637, DRIVER_BUSY}, /* too many active transactions */
    /* the connection */
    {1053, DRIVER_CONNECTION}, /* server shutdown */
    {1152, DRIVER_CONNECTION},
    {1158, DRIVER_CONNECTION}, /* network errors, to 1161 */
    {1159, DRIVER_CONNECTION},
    {1160, DRIVER_CONNECTION},
    {1161, DRIVER_CONNECTION},
    {1184, DRIVER_CONNECTION},
    {1927, DRIVER_CONNECTION}, /* connection was killed */
    {2002, DRIVER_CONNECTION},
    {2003, DRIVER_CONNECTION},
    {2005, DRIVER_CONNECTION},
    {2006, DRIVER_CONNECTION},
    {2012, DRIVER_CONNECTION},
    {2013, DRIVER_CONNECTION},
    {2026, DRIVER_CONNECTION}, /* TLS */
    {2055, DRIVER_CONNECTION},
    {5013, DRIVER_CONNECTION}, /* Connector/C: reading from the network */
    {5014, DRIVER_CONNECTION}, /* and writing */
    {4031, DRIVER_CONNECTION}, /* MySQL: disconnected for inactivity */
    /* ends */
    {1317, DRIVER_CANCELLED}, /* ER_QUERY_INTERRUPTED */
    {1969, DRIVER_TIMEOUT},   /* max_statement_time */
    {3024, DRIVER_TIMEOUT},   /* MySQL: max_execution_time */
    /* what the statement is */
    {1064, DRIVER_SYNTAX},
    {1065, DRIVER_SYNTAX},
    {1295, DRIVER_SYNTAX}, /* not supported in prepared statements */
    {1193, DRIVER_SYNTAX}, /* unknown system variable */
    {1231, DRIVER_SYNTAX}, /* variable cannot be set to that */
    {1232, DRIVER_SYNTAX},
    /* privileges */
    {1044, DRIVER_PRIVILEGE},
    {1045, DRIVER_PRIVILEGE},
    {1095, DRIVER_PRIVILEGE}, /* not owner of the thread */
    {1130, DRIVER_PRIVILEGE}, /* host is not allowed to connect */
    {1142, DRIVER_PRIVILEGE},
    {1143, DRIVER_PRIVILEGE},
    {1227, DRIVER_PRIVILEGE},
    {1370, DRIVER_PRIVILEGE},
    {1419, DRIVER_PRIVILEGE},
    {1698, DRIVER_PRIVILEGE},
    /* room */
    {1021, DRIVER_DISK_FULL},
    {1114, DRIVER_DISK_FULL}, /* the table is full */
    /* read only */
    {1036, DRIVER_READ_ONLY},
    {1223, DRIVER_READ_ONLY}, /* conflicting read lock */
    {1290, DRIVER_READ_ONLY}, /* --read-only */
    {1792, DRIVER_READ_ONLY}, /* READ ONLY transaction */
    {1836, DRIVER_READ_ONLY},
    /* damage */
    {126, DRIVER_DAMAGED},
    {145, DRIVER_DAMAGED},
    {1034, DRIVER_DAMAGED}, /* incorrect key file */
    {1194, DRIVER_DAMAGED}, /* marked as crashed */
    {1195, DRIVER_DAMAGED},
    {1712, DRIVER_DAMAGED}, /* index is corrupted */
    {1812, DRIVER_DAMAGED}, /* tablespace is missing */
    {1877, DRIVER_DAMAGED}, /* table is corrupted */
    {1932, DRIVER_DAMAGED}, /* does not exist in the engine */
};

/* Nothing of the role's or the server's own settings changes what a statement
 * of ours means, how values read, or the language of messages. No
 * NO_ZERO_DATE: tables with such rows must remain alterable. */
static const char *const session[] = {
    "set session sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO', autocommit = 1,"
    " time_zone = '+00:00', lc_messages = 'en_US', completion_type = 0,"
    " sql_select_limit = default, sql_safe_updates = 0, sql_big_selects = 1,"
    " group_concat_max_len = 1048576",
    NULL,
};

/* GET_LOCK's names are the server's, at most 64 characters on MySQL. */
#define LOCK_NAME                                                              \
  "concat('upkeep:', md5(concat(coalesce(database(), ''), '/', ?1)))"

/* Seconds, at least 1: 0 would not wait at all, and is not "no limit". */
static int64_t whole_seconds(int64_t ms) {
  return ms > 0 ? (ms + 999) / 1000 : 0;
}

static void add_seconds(upk_buf *sql, const char *name, int64_t ms) {
  upk_buf_printf(sql, "%s = ", name);
  if (ms > 0)
    upk_buf_int(sql, whole_seconds(ms));
  else
    upk_buf_str(sql, UPK_STR("default"));
}

static void add_statement_time(bool mysql, upk_buf *sql, int64_t ms) {
  if (mysql)
    upk_buf_printf(sql, ", max_execution_time = %lld", (long long)ms);
  else
    upk_buf_printf(sql, ", max_statement_time = %lld.%03d",
                   (long long)(ms / 1000), (int)(ms % 1000));
}

static bool is_number(upk_str text) {
  for (size_t i = 0; i < text.len; i++)
    if (text.data[i] < '0' || text.data[i] > '9')
      return false;
  return text.len > 0;
}

static void add_setting(upk_buf *sql, const driver_setting *setting) {
  upk_buf_str(sql, UPK_STR(", "));
  upk_quote_identifier(UPK_MYSQL, setting->name, sql);
  upk_buf_str(sql, UPK_STR(" = "));
  if (is_number(setting->value))
    upk_buf_str(sql, setting->value);
  else
    upk_quote_literal(UPK_MYSQL, setting->value, sql);
}

static bool set_limits(bool mysql, const driver_limits *limits,
                       const upk_str *touched, size_t touched_count,
                       odbc_run run, void *ctx) {
  upk_buf sql = {0};
  add_seconds(&sql, "set session lock_wait_timeout", limits->lock_ms);
  add_seconds(&sql, ", innodb_lock_wait_timeout", limits->lock_ms);
  add_statement_time(mysql, &sql, limits->statement_ms);
  for (size_t i = 0; i < touched_count; i++) {
    upk_buf_str(&sql, UPK_STR(", "));
    upk_quote_identifier(UPK_MYSQL, touched[i], &sql);
    upk_buf_str(&sql, UPK_STR(" = default"));
  }
  for (size_t i = 0; i < limits->setting_count; i++)
    add_setting(&sql, &limits->settings[i]);
  bool good = run(ctx, upk_buf_view(&sql)) &&
              run(ctx, limits->read_only
                           ? UPK_STR("set session transaction read only")
                           : UPK_STR("set session transaction read write"));
  upk_buf_free(&sql);
  return good;
}

/* ANALYZE, OPTIMIZE and REPAIR TABLE succeed, and say in their rows that they
 * failed. CHECK TABLE's rows are what was asked for. */
static const struct {
  const char *begins;
  driver_class class;
} row_errors[] = {
    {"Lock wait timeout", DRIVER_LOCK_TIMEOUT},
    {"Deadlock", DRIVER_DEADLOCK},
    {"Query execution was interrupted", DRIVER_CANCELLED},
    {"Incorrect key file", DRIVER_DAMAGED},
    {"Table is marked as crashed", DRIVER_DAMAGED},
    {"The table", DRIVER_DISK_FULL}, /* '...' is full */
};

static driver_class row_class(upk_str text) {
  for (size_t i = 0; i < sizeof row_errors / sizeof *row_errors; i++)
    if (upk_str_starts(text, row_errors[i].begins))
      return row_errors[i].class;
  return DRIVER_OTHER;
}

static void look(driver_op *op, const driver_value *row) {
  if (op->column_count != 4 || !upk_str_is(op->columns[1], "Op") ||
      !upk_str_is(op->columns[2], "Msg_type") || row[1].type != DRIVER_TEXT ||
      row[2].type != DRIVER_TEXT || upk_str_is(row[1].text, "check"))
    return;
  upk_str text = row[3].type == DRIVER_TEXT ? row[3].text : UPK_STR("");
  const char *words = upk_arena_copy(op->arena, text).data;
  upk_str kind = row[2].text;
  if (kind.len == 5 && strncasecmp(kind.data, "error", 5) == 0)
    driver_op_fail(op, row_class(text), NULL, "%s", words);
  else if (kind.len == 7 && strncasecmp(kind.data, "warning", 7) == 0)
    driver_op_notice(op, "WARNING", NULL, words);
  else if (upk_str_is(kind, "note"))
    driver_op_notice(op, "NOTICE", NULL, words);
}

/* All but the statements that change or read rows may commit by themselves
 * (MariaDB Knowledge Base, "SQL statements that cause an implicit commit"). */
static bool may_end(upk_str sql) {
  static const char *const stay[] = {"select", "insert",  "update",
                                     "delete", "replace", "with"};
  sql = upk_str_trim(sql);
  for (size_t i = 0; i < sizeof stay / sizeof *stay; i++)
    if (sql.len > strlen(stay[i]) &&
        strncasecmp(sql.data, stay[i], strlen(stay[i])) == 0)
      return false;
  return true;
}

const odbc_dialect odbc_mariadb = {
    .engine = "mariadb",
    .extra_key = "charset",
    .extra = "CHARSET=utf8mb4",
    .session = session,
    .variant = "select version() not like '%MariaDB%'",
    .who = "select connection_id()",
    .begin = "start transaction",
    .begin_snapshot = "start transaction with consistent snapshot, read only",
    .commit = "commit",
    .rollback = "rollback",
    .in_transaction = "select @@in_transaction",
    .kill = "kill query",
    .lock = "select get_lock(" LOCK_NAME ", 0)",
    .holder = "select concat('connection ', is_used_lock(" LOCK_NAME "))",
    .backslash = true,
    .hash_comment = '#',
    .codes = codes,
    .code_count = sizeof codes / sizeof *codes,
    .limits = set_limits,
    .look = look,
    .may_end = may_end,
};
