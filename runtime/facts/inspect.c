/* upk_inspect: asks a database what a request says, and writes a facts file.
 *
 *     session -> identity -> capabilities -> cheap collectors, in one snapshot
 *     -> measured collectors, each by itself -> facts
 *
 * A collector that fails leaves its columns NULL, with the reason, and a
 * warning. Only a lost connection ends the inspection.
 */
#include <upkeep/runtime.h>

#include <stdlib.h>
#include <string.h>

#include "facts/session.h"
#include "facts/table.h"

enum {
  LOCK_MS = 5000, /* for size functions, which lock what they look at */
};

typedef struct inspection {
  const upk_inspect_request *asked;
  upk_diags *diags;
  upk_arena *arena;
  inspect_request request;
  facts_session s;
  int64_t statement_ms;
  int64_t version;
  bool in_snapshot;
  upk_facts facts;
  upk_status status;
} inspection;

static bool fail(inspection *in, upk_status status) {
  in->status = status;
  return false;
}

/* ---- diagnostics ---- */

/* The end of a message that brings the server's words: " (42501)". */
static upk_str words(inspection *in) {
  const driver_error *e = &in->s.error;
  if (!e->code.len)
    return e->message;
  return upk_arena_printf(in->arena, "%.*s (%.*s)", UPK_FMT(e->message),
                          UPK_FMT(e->code));
}

static bool unreachable(inspection *in) {
  upk_str said = words(in);
  upk_diag *diag = upk_diag_add(in->diags, 3140, UPK_NO_SPAN,
                                "target %.*s cannot be reached: %.*s",
                                UPK_FMT(in->asked->target.name), UPK_FMT(said));
  if (in->s.error.hint.len)
    upk_diag_help(in->diags, diag, "%.*s", UPK_FMT(in->s.error.hint));
  return fail(in, UPK_UNREACHABLE);
}

static bool no_driver(inspection *in) {
  upk_str engine = in->asked->target.engine;
  const char *option = driver_option(engine);
  upk_buf names = {0};
  if (option) {
    upk_diag *diag = upk_diag_add(
        in->diags, 3101, UPK_NO_SPAN,
        "this upkeep was built without the engine %.*s", UPK_FMT(engine));
    upk_diag_help(in->diags, diag, "configure the build with -D%s=ON", option);
    return fail(in, UPK_USAGE);
  }
  for (size_t i = 0; driver_at(i); i++)
    upk_buf_printf(&names, "%s%s", i ? ", " : "", driver_at(i)->engine);
  upk_diag *diag = upk_diag_add(in->diags, 3102, UPK_NO_SPAN,
                                "there is no engine %.*s", UPK_FMT(engine));
  upk_diag_help(in->diags, diag, "the engines are %s", names.data);
  upk_buf_free(&names);
  return fail(in, UPK_USAGE);
}

/* ---- objects in the facts file ---- */

typedef struct object {
  UPK_VEC(upk_json_member) members;
} object;

static void put(inspection *in, object *o, upk_str key, upk_json value) {
  upk_json *kept = UPK_NEW(in->arena, upk_json);
  *kept = value;
  *UPK_PUSH(in->arena, &o->members) =
      (upk_json_member){upk_arena_copy(in->arena, key), kept};
}

static int by_key(const void *a, const void *b) {
  return upk_str_compare(((const upk_json_member *)a)->key,
                         ((const upk_json_member *)b)->key);
}

static const upk_json *finish(inspection *in, object *o) {
  upk_json *json = UPK_NEW(in->arena, upk_json);
  if (o->members.len)
    qsort(o->members.items, o->members.len, sizeof *o->members.items, by_key);
  json->type = UPK_JSON_OBJECT;
  json->object.members = o->members.items;
  json->object.count = o->members.len;
  return json;
}

/* ---- the session ---- */

static bool open_session(inspection *in) {
  const upk_target *target = &in->asked->target;
  const driver *driver = driver_find(target->engine);
  int64_t connect_ms = in->asked->connect_timeout_ms;
  if (!driver)
    return no_driver(in);
  driver_options options = {.target = target->name,
                            .connect = target->connect,
                            .application = UPK_STR("upkeep/inspect"),
                            .read_only = true,
                            .connect_timeout_ms =
                                connect_ms > 0 ? connect_ms : UPK_CONNECT_MS};
  if (!facts_session_open(&in->s, driver, in->arena, &options))
    return unreachable(in);
  driver_limits limits = {
      .lock_ms = LOCK_MS, .statement_ms = in->statement_ms, .read_only = true};
  if (!facts_session_set_limits(&in->s, &limits))
    return unreachable(in);
  for (size_t i = 0; i < upk_json_count(in->request.session); i++) {
    upk_str sql = upk_json_at(in->request.session, i)->string;
    if (facts_session_execute(&in->s, sql, in->statement_ms))
      continue;
    if (facts_session_is_lost(&in->s))
      return unreachable(in);
    upk_str said = words(in);
    upk_diag_add(in->diags, 3103, UPK_NO_SPAN,
                 "target %.*s refuses the session statement %.*s: %.*s",
                 UPK_FMT(target->name), UPK_FMT(sql), UPK_FMT(said));
    return fail(in, UPK_ERROR);
  }
  return true;
}

/* ---- identity ---- */

static upk_str text_of(inspection *in, const driver_value *value) {
  if (value->type == DRIVER_TEXT)
    return upk_arena_copy(in->arena, value->text);
  if (value->type == DRIVER_NULL)
    return UPK_NO_STR;
  return upk_arena_printf(in->arena, "%lld", (long long)value->integer);
}

static void take_identity(void *ctx, const driver_result *result) {
  inspection *in = ctx;
  object identity = {0};
  for (size_t i = 0; result->row_count && i < result->column_count; i++) {
    upk_str name = result->columns[i];
    upk_str text = text_of(in, &result->values[i]);
    if (!text.data)
      continue;
    if (upk_str_is(name, "version"))
      in->facts.version = text;
    else if (upk_str_is(name, "role"))
      in->facts.role = text;
    else if (upk_str_is(name, "taken_at") &&
             result->values[i].type == DRIVER_INT)
      in->facts.taken_at = result->values[i].integer;
    else if (upk_str_starts(name, "identity."))
      put(in, &identity, (upk_str){name.data + 9, name.len - 9},
          (upk_json){.type = UPK_JSON_STRING, .string = text});
  }
  in->facts.identity = finish(in, &identity);
}

static bool no_identity(inspection *in, upk_str why) {
  upk_diag_add(in->diags, 3104, UPK_NO_SPAN,
               "target %.*s does not say what it is: %.*s",
               UPK_FMT(in->asked->target.name), UPK_FMT(why));
  return fail(in, UPK_ERROR);
}

static bool read_identity(inspection *in) {
  upk_str wanted = in->asked->target.role;
  if (!facts_session_query(&in->s, in->request.identity, 1, in->statement_ms,
                           take_identity, in)) {
    if (facts_session_is_lost(&in->s))
      return unreachable(in);
    return no_identity(in, words(in));
  }
  if (!upk_version_parse(in->facts.version, &in->version) ||
      !in->facts.role.len)
    return no_identity(in, UPK_STR("the identity query brought no version or "
                                   "no role"));
  if (wanted.len && !upk_str_equal(wanted, in->facts.role)) {
    upk_diag *diag =
        upk_diag_add(in->diags, 3105, UPK_NO_SPAN,
                     "target %.*s is a %.*s, and its role should be %.*s",
                     UPK_FMT(in->asked->target.name), UPK_FMT(in->facts.role),
                     UPK_FMT(wanted));
    upk_diag_help(in->diags, diag,
                  "connect to the right server, or change `role` of the "
                  "target");
    return fail(in, UPK_STALE);
  }
  return true;
}

/* ---- capabilities ---- */

static void take_capability(void *ctx, const driver_result *result) {
  bool *there = ctx;
  *there = result->row_count == 1 && result->column_count == 1 &&
           (result->values[0].type == DRIVER_BOOL ||
            result->values[0].type == DRIVER_INT) &&
           result->values[0].integer == 1;
}

static bool read_capabilities(inspection *in) {
  object capabilities = {0};
  for (size_t i = 0; i < upk_json_count(in->request.capabilities); i++) {
    const upk_json *item = upk_json_at(in->request.capabilities, i);
    bool there = false;
    if (!facts_session_query(&in->s, upk_json_text(item, "sql"), 2,
                             in->statement_ms, take_capability, &there) &&
        facts_session_is_lost(&in->s))
      return unreachable(in);
    put(in, &capabilities, upk_json_text(item, "name"),
        (upk_json){.type = UPK_JSON_BOOL, .boolean = there});
  }
  in->facts.capabilities = finish(in, &capabilities);
  return true;
}

/* ---- collectors ---- */

static upk_facts_kind *kind_of(inspection *in, upk_str name) {
  for (size_t i = 0; i < in->facts.kinds.len; i++)
    if (upk_str_equal(in->facts.kinds.items[i].name, name))
      return &in->facts.kinds.items[i];
  upk_facts_kind *kind = UPK_PUSH(in->arena, &in->facts.kinds);
  kind->name = name;
  return kind;
}

static bool is_first(const inspection *in, const request_collector *c) {
  const request_collector *other = in->request.collectors;
  while (!upk_str_equal(other->kind, c->kind))
    other++;
  return other == c;
}

static void warn_dropped(inspection *in, const request_collector *c,
                         size_t rows, const char *why) {
  if (rows)
    upk_diag_add(in->diags, 3107, UPK_NO_SPAN,
                 "collector %.*s: %zu rows were left out: %s", UPK_FMT(c->name),
                 rows, why);
}

/* In a snapshot an error would end the transaction: each collector has a
 * savepoint. False only when the connection is lost. */
static bool mark(inspection *in, upk_str sql) {
  if (!in->in_snapshot || facts_session_execute(&in->s, sql, in->statement_ms))
    return true;
  return unreachable(in);
}

static bool add_rows(void *ctx, const driver_result *batch) {
  return table_add(ctx, batch);
}

/* Why the rows are not known; absent when they are. */
static bool collect(inspection *in, const request_collector *c, upk_str sql,
                    table *t, upk_str *ret_why) {
  if (!mark(in, UPK_STR("savepoint upkeep")))
    return false;
  bool ok = facts_session_stream(&in->s, sql, in->statement_ms, add_rows, t);
  if (!ok && facts_session_is_lost(&in->s))
    return unreachable(in);
  *ret_why = t->fault.len ? t->fault : ok ? UPK_NO_STR : words(in);
  if (!ok && !mark(in, UPK_STR("rollback to savepoint upkeep")))
    return false;
  if (ret_why->data)
    upk_diag_add(in->diags, 3106, UPK_NO_SPAN,
                 "collector %.*s failed, so what it knows is unknown: %.*s",
                 UPK_FMT(c->name), UPK_FMT(*ret_why));
  return mark(in, UPK_STR("release savepoint upkeep"));
}

static void keep(inspection *in, const request_collector *c, table *t,
                 upk_facts_kind *kind) {
  if (is_first(in, c))
    table_make(t, kind);
  else
    table_join(t, kind);
  warn_dropped(in, c, t->null_keys, "a part of the key is null");
  warn_dropped(in, c, t->double_keys, "their key was there already");
}

static bool run_collector(inspection *in, const request_collector *c,
                          int64_t variant) {
  upk_facts_kind *kind = kind_of(in, c->kind);
  bool first = is_first(in, c);
  upk_arena *keys = upk_arena_new(NULL);
  upk_str why = UPK_NO_STR;
  table t;
  table_init(&t, c, in->arena, first ? in->arena : keys);
  bool ok = collect(in, c, request_sql(in->arena, c, variant), &t, &why);
  if (ok && why.data)
    table_absent(c, first, why, in->arena, kind);
  else if (ok)
    keep(in, c, &t, kind);
  table_free(&t);
  upk_arena_free(keys);
  return ok;
}

/* Why the rows of the collector's kind are not known. */
static upk_str missing_rows(inspection *in, const request_collector *c) {
  if (is_first(in, c))
    return UPK_NO_STR;
  const upk_facts_kind *kind = kind_of(in, c->kind);
  return kind->columns.len ? kind->columns.items[0].reason : UPK_NO_STR;
}

static bool run_one(inspection *in, const request_collector *c,
                    object *variants) {
  upk_str missing = missing_rows(in, c);
  int64_t variant = request_variant(c, in->version, in->facts.capabilities);
  if (missing.data || variant < 0) {
    table_absent(c, is_first(in, c), missing.data ? missing : c->unavailable,
                 in->arena, kind_of(in, c->kind));
    return true;
  }
  put(in, variants, c->name,
      (upk_json){.type = UPK_JSON_INT, .integer = variant});
  return run_collector(in, c, variant);
}

/* Whether the collector and what makes its kind's rows are cheap. */
static bool is_cheap(const inspection *in, const request_collector *c) {
  const request_collector *first = in->request.collectors;
  while (!upk_str_equal(first->kind, c->kind))
    first++;
  return !c->measured && !first->measured;
}

static bool run_all(inspection *in, bool cheap, object *variants) {
  for (size_t i = 0; i < in->request.collector_count; i++) {
    const request_collector *c = &in->request.collectors[i];
    if (is_cheap(in, c) == cheap && !run_one(in, c, variants))
      return false;
  }
  return true;
}

static bool read_collectors(inspection *in) {
  object variants = {0};
  if (!facts_session_begin_snapshot(&in->s, in->statement_ms))
    return unreachable(in);
  in->in_snapshot = in->s.driver->begin_snapshot != NULL;
  if (!run_all(in, true, &variants))
    return false;
  in->in_snapshot = false;
  if (!facts_session_rollback(&in->s, in->statement_ms))
    return unreachable(in);
  if (!run_all(in, false, &variants))
    return false;
  in->facts.collectors = finish(in, &variants);
  return true;
}

/* ---- the whole ---- */

static int by_name(const void *a, const void *b) {
  return upk_str_compare(((const upk_facts_kind *)a)->name,
                         ((const upk_facts_kind *)b)->name);
}

static bool write_facts(inspection *in, upk_sink output) {
  if (in->facts.kinds.len)
    qsort(in->facts.kinds.items, in->facts.kinds.len,
          sizeof *in->facts.kinds.items, by_name);
  if (upk_facts_write(&in->facts, output))
    return true;
  upk_diag_add(in->diags, 3108, UPK_NO_SPAN, "the facts cannot be written");
  return fail(in, UPK_ERROR);
}

static bool is_for_target(inspection *in) {
  if (upk_str_equal(in->request.engine, in->asked->target.engine))
    return true;
  upk_diag_add(in->diags, 3100, UPK_NO_SPAN,
               "the inspection request is for %.*s, and the target is %.*s",
               UPK_FMT(in->request.engine), UPK_FMT(in->asked->target.engine));
  return fail(in, UPK_ERROR);
}

upk_status upk_inspect(const upk_inspect_request *request,
                       const upk_clock *clock, upk_diags *diags,
                       upk_sink output) {
  inspection in = {.asked = request,
                   .diags = diags,
                   .arena = upk_arena_new(NULL),
                   .status = UPK_OK};
  in.statement_ms = request->statement_timeout_ms > 0
                        ? request->statement_timeout_ms
                        : UPK_STATEMENT_MS;
  in.facts.engine = request->target.engine;
  in.facts.taken_at = clock->wall_us(clock->ctx);
  if (!inspect_request_read(in.arena, request->request, diags, &in.request))
    in.status = UPK_ERROR;
  else if (is_for_target(&in) && open_session(&in) && read_identity(&in) &&
           read_capabilities(&in) && read_collectors(&in))
    write_facts(&in, output);
  facts_session_close(&in.s);
  upk_arena_free(in.arena);
  return in.status;
}
