/* One inspection from connecting to closing; the collectors between are in
 * collect.c. */
#include "facts/inspection.h"

#include "facts/history.h"

#include <stdlib.h>

enum {
  LOCK_MS = 5000, /* for size functions, which lock what they look at */
};

/* ---- ending ---- */

static void closed(void *ctx) {
  inspection *in = ctx;
  in->conn = NULL;
  in->on_end(in->ctx);
}

static void end(inspection *in, upk_status status) {
  in->status = status;
  in->driver->close(in->conn, closed, in);
}

upk_str inspection_words(inspection *in) {
  const driver_error *e = &in->error;
  if (!e->code.len)
    return e->message;
  return upk_arena_printf(in->arena, "%.*s (%.*s)", UPK_FMT(e->message),
                          UPK_FMT(e->code));
}

bool inspection_is_lost(const inspection *in) {
  return in->error.class == DRIVER_CONNECTION;
}

void inspection_unreachable(inspection *in) {
  upk_str said = inspection_words(in);
  upk_diag *diag = upk_diag_add(in->diags, 3140, UPK_NO_SPAN,
                                "target %.*s cannot be reached: %.*s",
                                UPK_FMT(in->asked->target.name), UPK_FMT(said));
  if (in->error.hint.len)
    upk_diag_help(in->diags, diag, "%.*s", UPK_FMT(in->error.hint));
  end(in, UPK_UNREACHABLE);
}

static void no_driver(inspection *in) {
  upk_str engine = in->asked->target.engine;
  const char *option = driver_option(engine);
  upk_buf names = {0};
  in->status = UPK_USAGE;
  if (option) {
    upk_diag *diag = upk_diag_add(
        in->diags, 3101, UPK_NO_SPAN,
        "this upkeep was built without the engine %.*s", UPK_FMT(engine));
    upk_diag_help(in->diags, diag, "configure the build with -D%s=ON", option);
    return;
  }
  for (size_t i = 0; driver_at(i); i++)
    upk_buf_printf(&names, "%s%s", i ? ", " : "", driver_at(i)->engine);
  upk_diag *diag = upk_diag_add(in->diags, 3102, UPK_NO_SPAN,
                                "there is no engine %.*s", UPK_FMT(engine));
  upk_diag_help(in->diags, diag, "the engines are %s", names.data);
  upk_buf_free(&names);
}

/* ---- asking ---- */

static upk_str keep(inspection *in, upk_str text) {
  return text.data ? upk_arena_copy(in->arena, text) : UPK_NO_STR;
}

void inspection_done(void *ctx, const driver_result *result) {
  inspection *in = ctx;
  in->error.class = result->error.class;
  in->error.code = keep(in, result->error.code);
  in->error.message = keep(in, result->error.message);
  in->error.detail = keep(in, result->error.detail);
  in->error.hint = keep(in, result->error.hint);
  in->then(in, result);
}

void inspection_ask(inspection *in, upk_str sql, size_t rows_max,
                    inspection_then then) {
  driver_query query = {.sql = sql,
                        .rows_max = rows_max,
                        .deadline_ms = in->statement_ms,
                        .on_done = inspection_done,
                        .ctx = in};
  in->then = then;
  in->driver->query(in->conn, &query);
}

/* ---- objects in the facts file ---- */

void facts_object_put(inspection *in, facts_object *o, upk_str key,
                      upk_json value) {
  upk_json *kept = UPK_NEW(in->arena, upk_json);
  *kept = value;
  *UPK_PUSH(in->arena, &o->members) =
      (upk_json_member){upk_arena_copy(in->arena, key), kept};
}

static int by_key(const void *a, const void *b) {
  return upk_str_compare(((const upk_json_member *)a)->key,
                         ((const upk_json_member *)b)->key);
}

const upk_json *facts_object_finish(inspection *in, facts_object *o) {
  upk_json *json = UPK_NEW(in->arena, upk_json);
  if (o->members.len)
    qsort(o->members.items, o->members.len, sizeof *o->members.items, by_key);
  json->type = UPK_JSON_OBJECT;
  json->object.members = o->members.items;
  json->object.count = o->members.len;
  return json;
}

/* ---- since when counters count ---- */

/* What cannot be told is not known, and that is no fault. */
static void took_counters(inspection *in, const driver_result *result) {
  if (inspection_is_lost(in)) {
    inspection_unreachable(in);
    return;
  }
  if (result->error.class == DRIVER_NONE && result->row_count == 1 &&
      result->column_count == 1 && result->values[0].type == DRIVER_INT)
    in->facts.counters_us = result->values[0].integer;
  inspection_collect(in);
}

/* ---- capabilities ---- */

static void next_capability(inspection *in);

static bool is_yes(const driver_result *result) {
  return result->error.class == DRIVER_NONE && result->row_count == 1 &&
         result->column_count == 1 &&
         (result->values[0].type == DRIVER_BOOL ||
          result->values[0].type == DRIVER_INT) &&
         result->values[0].integer == 1;
}

static const upk_json *capability(const inspection *in) {
  return upk_json_at(in->request->capabilities, in->at);
}

static void took_capability(inspection *in, const driver_result *result) {
  if (inspection_is_lost(in)) {
    inspection_unreachable(in);
    return;
  }
  facts_object_put(
      in, &in->capabilities, upk_json_text(capability(in), "name"),
      (upk_json){.type = UPK_JSON_BOOL, .boolean = is_yes(result)});
  in->at++;
  next_capability(in);
}

static void next_capability(inspection *in) {
  if (in->at < upk_json_count(in->request->capabilities)) {
    inspection_ask(in, upk_json_text(capability(in), "sql"), 2,
                   took_capability);
    return;
  }
  in->facts.capabilities = facts_object_finish(in, &in->capabilities);
  if (in->request->counters.len)
    inspection_ask(in, in->request->counters, 2, took_counters);
  else
    inspection_collect(in);
}

/* ---- identity ---- */

static upk_str text_of(inspection *in, const driver_value *value) {
  if (value->type == DRIVER_TEXT)
    return upk_arena_copy(in->arena, value->text);
  if (value->type == DRIVER_NULL)
    return UPK_NO_STR;
  return upk_arena_printf(in->arena, "%lld", (long long)value->integer);
}

static void take_identity(inspection *in, const driver_result *result) {
  facts_object identity = {0};
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
      facts_object_put(in, &identity, (upk_str){name.data + 9, name.len - 9},
                       (upk_json){.type = UPK_JSON_STRING, .string = text});
  }
  in->facts.identity = facts_object_finish(in, &identity);
}

static void no_identity(inspection *in, upk_str why) {
  upk_diag_add(in->diags, 3104, UPK_NO_SPAN,
               "target %.*s does not say what it is: %.*s",
               UPK_FMT(in->asked->target.name), UPK_FMT(why));
  end(in, UPK_ERROR);
}

static void wrong_role(inspection *in) {
  upk_diag *diag =
      upk_diag_add(in->diags, 3105, UPK_NO_SPAN,
                   "target %.*s is a %.*s, and its role should be %.*s",
                   UPK_FMT(in->asked->target.name), UPK_FMT(in->facts.role),
                   UPK_FMT(in->asked->target.role));
  upk_diag_help(in->diags, diag,
                "connect to the right server, or change `role` of the "
                "target");
  end(in, UPK_STALE);
}

static void took_identity(inspection *in, const driver_result *result) {
  upk_str wanted = in->asked->target.role;
  if (result->error.class == DRIVER_NONE)
    take_identity(in, result);
  if (inspection_is_lost(in)) {
    inspection_unreachable(in);
  } else if (result->error.class != DRIVER_NONE) {
    no_identity(in, inspection_words(in));
  } else if (!upk_version_parse(in->facts.version, &in->version) ||
             !in->facts.role.len) {
    no_identity(in, UPK_STR("the identity query brought no version or no "
                            "role"));
  } else if (wanted.len && !upk_str_equal(wanted, in->facts.role)) {
    wrong_role(in);
  } else {
    in->at = 0;
    next_capability(in);
  }
}

/* ---- the session ---- */

static void next_session_statement(inspection *in);

static upk_str session_statement(const inspection *in) {
  return upk_json_at(in->request->session, in->at)->string;
}

static void session_said(inspection *in, const driver_result *result) {
  if (result->error.class == DRIVER_NONE) {
    in->at++;
    next_session_statement(in);
    return;
  }
  if (inspection_is_lost(in)) {
    inspection_unreachable(in);
    return;
  }
  upk_str said = inspection_words(in);
  upk_diag_add(in->diags, 3103, UPK_NO_SPAN,
               "target %.*s refuses the session statement %.*s: %.*s",
               UPK_FMT(in->asked->target.name), UPK_FMT(session_statement(in)),
               UPK_FMT(said));
  end(in, UPK_ERROR);
}

static void next_session_statement(inspection *in) {
  if (in->at < upk_json_count(in->request->session))
    inspection_ask(in, session_statement(in), 0, session_said);
  else
    inspection_ask(in, in->request->identity, 1, took_identity);
}

static void limits_set(inspection *in, const driver_result *result) {
  if (result->error.class != DRIVER_NONE)
    inspection_unreachable(in);
  else
    next_session_statement(in);
}

static void opened(inspection *in, const driver_result *result) {
  if (result->error.class != DRIVER_NONE) {
    inspection_unreachable(in);
    return;
  }
  driver_limits limits = {
      .lock_ms = LOCK_MS, .statement_ms = in->statement_ms, .read_only = true};
  in->then = limits_set;
  in->driver->set_limits(in->conn, &limits, inspection_done, in);
}

/* ---- the whole ---- */

static int by_name(const void *a, const void *b) {
  return upk_str_compare(((const upk_facts_kind *)a)->name,
                         ((const upk_facts_kind *)b)->name);
}

void inspection_write(inspection *in) {
  if (in->facts.kinds.len)
    qsort(in->facts.kinds.items, in->facts.kinds.len,
          sizeof *in->facts.kinds.items, by_name);
  facts_history(in->request, in->asked->state, in->asked->target.name,
                in->asked->record, in->arena, &in->facts, in->diags);
  if (upk_facts_write(&in->facts, in->output)) {
    end(in, UPK_OK);
    return;
  }
  upk_diag_add(in->diags, 3108, UPK_NO_SPAN, "the facts cannot be written");
  end(in, UPK_ERROR);
}

static bool is_for_target(inspection *in) {
  if (upk_str_equal(in->request->engine, in->asked->target.engine))
    return true;
  upk_diag_add(in->diags, 3100, UPK_NO_SPAN,
               "the inspection request is for %.*s, and the target is %.*s",
               UPK_FMT(in->request->engine), UPK_FMT(in->asked->target.engine));
  in->status = UPK_ERROR;
  return false;
}

bool inspection_start(inspection *in, struct uv_loop_s *loop, int64_t now_us) {
  const upk_target *target = &in->asked->target;
  int64_t connect_ms = in->asked->connect_timeout_ms;
  int64_t statement_ms = in->asked->statement_timeout_ms;
  in->arena = upk_arena_new(NULL);
  in->statement_ms = statement_ms > 0 ? statement_ms : UPK_STATEMENT_MS;
  in->facts.engine = target->engine;
  in->facts.taken_at = now_us;
  in->driver = driver_find(target->engine);
  if (!is_for_target(in))
    return false;
  if (!in->driver) {
    no_driver(in);
    return false;
  }
  driver_options options = {.target = target->name,
                            .connect = target->connect,
                            .application = UPK_STR("upkeep/inspect"),
                            .read_only = true,
                            .connect_timeout_ms =
                                connect_ms > 0 ? connect_ms : UPK_CONNECT_MS};
  in->then = opened;
  in->conn = in->driver->open(loop, &options, inspection_done, in);
  return true;
}

void inspection_free(inspection *in) {
  if (in->table.collector)
    table_free(&in->table);
  upk_arena_free(in->keys);
  upk_arena_free(in->arena);
}
