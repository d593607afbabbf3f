/* `explain privileges TARGET`: the rights that a target's role needs, as SQL to
 * paste. No database is asked: it is for the day before anything exists. With
 * --facts, what those facts show is taken into account. */
#include "cli.h"
#include "expr.h"
#include "facts.h"

typedef struct rights {
  cli *c;
  upk_str role, engine, target;
  bool ledger;
  const upk_json *list, *unsaid, *collectors;
  bool measured; /* facts were given */
  int64_t version;
  upk_facts facts;
} rights;

/* ---- what is asked for ---- */

static bool has_text(const upk_json *list, upk_str text) {
  for (size_t i = 0; i < upk_json_count(list); i++)
    if (upk_str_equal(upk_json_at(list, i)->string, text))
      return true;
  return false;
}

/* Whether facts that the policies ask for have a variant that needs it. */
static bool facts_want(const rights *r, upk_str capability) {
  for (size_t i = 0; i < upk_json_count(r->collectors); i++) {
    const upk_json *variants =
        upk_json_get(upk_json_at(r->collectors, i), "variants");
    for (size_t n = 0; n < upk_json_count(variants); n++)
      if (has_text(upk_json_get(upk_json_at(variants, n), "needs"), capability))
        return true;
  }
  return false;
}

static bool is_wanted(const rights *r, const upk_json *row) {
  upk_str capability = upk_json_text(row, "capability");
  return upk_json_flag(row, "always", false) ||
         upk_json_count(upk_json_get(row, "for")) > 0 ||
         (r->ledger && upk_str_is(upk_json_text(row, "name"), "ledger")) ||
         (capability.data && facts_want(r, capability));
}

/* 1: the facts show it; 0: they show that it is not there; -1: not known. */
static int is_there(const rights *r, const upk_json *row) {
  upk_str capability = upk_json_text(row, "capability");
  if (!r->measured || !capability.data)
    return -1;
  const upk_json *value = upk_json_get_str(r->facts.capabilities, capability);
  return value->type != UPK_JSON_BOOL ? -1 : value->boolean ? 1 : 0;
}

static int64_t bound(const upk_json *grant, const char *key) {
  upk_str text = upk_json_text(grant, key);
  int64_t version = 0;
  return text.data && upk_version_parse(text, &version) ? version : 0;
}

/* Whether it is for the server's version, where that is known. */
static bool is_for(const rights *r, const upk_json *grant) {
  int64_t min = bound(grant, "min"), max = bound(grant, "max");
  return !r->measured ||
         ((!min || r->version >= min) && (!max || r->version < max));
}

/* ---- as text ---- */

static void put_role(const rights *r, upk_str text, upk_buf *out) {
  for (size_t i = 0; i < text.len; i++) {
    if (upk_str_starts((upk_str){text.data + i, text.len - i}, "{role}")) {
      upk_buf_str(out, r->role);
      i += sizeof "{role}" - 2;
    } else {
      upk_buf_char(out, text.data[i]);
    }
  }
}

static void put_lines(const rights *r, upk_str text, bool comment,
                      upk_buf *out) {
  while (text.data) {
    upk_str line = upk_str_split(text, '\n', &text);
    upk_buf_str(out, comment ? UPK_STR("-- ") : UPK_STR(""));
    put_role(r, line, out);
    upk_buf_char(out, '\n');
  }
}

static void put_reasons(const rights *r, const upk_json *row, upk_buf *out) {
  enum { SHOWN = 6 };
  const upk_json *uses = upk_json_get(row, "for");
  size_t count = upk_json_count(uses);
  upk_str capability = upk_json_text(row, "capability");
  if (capability.data && facts_want(r, capability))
    upk_buf_str(out, UPK_STR("--   for facts that the policies ask for\n"));
  for (size_t i = 0; i < count && i < SHOWN; i++)
    upk_buf_printf(out, "--   for %.*s of policy %.*s\n",
                   UPK_FMT(upk_json_text(upk_json_at(uses, i), "action")),
                   UPK_FMT(upk_json_text(upk_json_at(uses, i), "policy")));
  if (count > SHOWN)
    upk_buf_printf(out, "--   and %zu more\n", count - SHOWN);
}

/* Of two, one is for the server: that for older ones is a comment. */
static void put_grant(const rights *r, const upk_json *grant, upk_buf *out) {
  upk_str min = upk_json_text(grant, "min"), max = upk_json_text(grant, "max");
  upk_str note = upk_json_text(grant, "note");
  bool older = !r->measured && max.data;
  if (!r->measured && min.data)
    upk_buf_printf(out, "-- version %.*s and later:\n", UPK_FMT(min));
  if (older)
    upk_buf_printf(out, "-- before version %.*s:\n", UPK_FMT(max));
  put_lines(r, note, true, out);
  put_lines(r, upk_json_text(grant, "sql"), older, out);
}

static void put_row(const rights *r, const upk_json *row, upk_buf *out) {
  const upk_json *grants = upk_json_get(row, "grants");
  int there = is_there(r, row);
  upk_buf_printf(out, "\n-- %.*s: %.*s%s\n",
                 UPK_FMT(upk_json_text(row, "name")),
                 UPK_FMT(upk_json_text(row, "doc")),
                 there > 0    ? " (has it)"
                 : there == 0 ? " (lacks it)"
                              : "");
  put_reasons(r, row, out);
  for (size_t i = 0; there <= 0 && i < upk_json_count(grants); i++)
    if (is_for(r, upk_json_at(grants, i)))
      put_grant(r, upk_json_at(grants, i), out);
}

static void put_text(const rights *r, upk_buf *out) {
  upk_buf_printf(out, "-- What upkeep needs on target %.*s (%.*s).\n",
                 UPK_FMT(r->target), UPK_FMT(r->engine));
  if (upk_str_is(r->engine, "postgres"))
    upk_buf_printf(out,
                   "-- Run it in the target's database as a superuser. The "
                   "role is that of `user=` in `connect`, or upkeep.\n"
                   "-- create role %.*s login;\n",
                   UPK_FMT(r->role));
  for (size_t i = 0; i < upk_json_count(r->list); i++)
    if (is_wanted(r, upk_json_at(r->list, i)))
      put_row(r, upk_json_at(r->list, i), out);
  for (size_t i = 0; i < upk_json_count(r->unsaid); i++)
    upk_buf_printf(out,
                   "\n-- not known: action %.*s does not say what it needs\n",
                   UPK_FMT(upk_json_at(r->unsaid, i)->string));
}

/* ---- as JSON ---- */

static void json_grant(const rights *r, const upk_json *grant,
                       upk_json_writer *w) {
  static const char *const keys[] = {"max", "min", "note", "sql"};
  upk_json_begin_object(w);
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    upk_str text = upk_json_text(grant, keys[i]);
    upk_buf out = {0};
    if (!text.data)
      continue;
    put_role(r, text, &out);
    upk_json_put_string(w, keys[i], upk_buf_view(&out));
    upk_buf_free(&out);
  }
  upk_json_end_object(w);
}

static void json_use(const upk_json *use, upk_json_writer *w) {
  upk_json_begin_object(w);
  upk_json_put_string(w, "action", upk_json_text(use, "action"));
  upk_json_put_string(w, "policy", upk_json_text(use, "policy"));
  upk_json_end_object(w);
}

static void json_row(const rights *r, const upk_json *row, upk_json_writer *w) {
  const upk_json *grants = upk_json_get(row, "grants");
  const upk_json *uses = upk_json_get(row, "for");
  int there = is_there(r, row);
  upk_json_begin_object(w);
  upk_json_put_string(w, "doc", upk_json_text(row, "doc"));
  upk_json_key(w, "for");
  upk_json_begin_array(w);
  for (size_t i = 0; i < upk_json_count(uses); i++)
    json_use(upk_json_at(uses, i), w);
  upk_json_end_array(w);
  upk_json_key(w, "grants");
  upk_json_begin_array(w);
  for (size_t i = 0; i < upk_json_count(grants); i++)
    if (is_for(r, upk_json_at(grants, i)))
      json_grant(r, upk_json_at(grants, i), w);
  upk_json_end_array(w);
  upk_json_key(w, "has");
  if (there < 0)
    upk_json_null(w);
  else
    upk_json_bool(w, there > 0);
  upk_json_put_string(w, "name", upk_json_text(row, "name"));
  upk_json_end_object(w);
}

static void put_json(const rights *r, upk_buf *out) {
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(out));
  upk_json_begin_object(w);
  upk_json_put_string(w, "engine", r->engine);
  upk_json_put_string(w, "format", UPK_STR("upkeep.privileges-report/1"));
  upk_json_key(w, "privileges");
  upk_json_begin_array(w);
  for (size_t i = 0; i < upk_json_count(r->list); i++)
    if (is_wanted(r, upk_json_at(r->list, i)))
      json_row(r, upk_json_at(r->list, i), w);
  upk_json_end_array(w);
  upk_json_put_string(w, "role", r->role);
  upk_json_put_string(w, "target", r->target);
  upk_json_key(w, "unsaid");
  upk_json_begin_array(w);
  for (size_t i = 0; i < upk_json_count(r->unsaid); i++)
    upk_json_string(w, upk_json_at(r->unsaid, i)->string);
  upk_json_end_array(w);
  upk_json_end_object(w);
  upk_json_newline(w);
  upk_json_writer_close(w);
}

/* ---- the whole ---- */

static bool is_plain_name(upk_str name) {
  for (size_t i = 0; i < name.len; i++) {
    char c = name.data[i];
    if (!(c == '_' || (c >= 'a' && c <= 'z') || (i && c >= '0' && c <= '9')))
      return false;
  }
  return name.len > 0;
}

/* `user=NAME` of a conninfo; a name that would need quotes is not read. */
static upk_str role_of(const project *p, upk_str target) {
  upk_str rest = UPK_NO_STR;
  for (size_t i = 0; i < upk_json_count(p->targets); i++)
    if (upk_str_equal(upk_json_text(upk_json_at(p->targets, i), "name"),
                      target))
      rest = upk_json_text(upk_json_at(p->targets, i), "connect");
  while (rest.data) {
    upk_str word = upk_str_split(rest, ' ', &rest);
    if (!upk_str_starts(word, "user="))
      continue;
    upk_str name = {word.data + 5, word.len - 5};
    if (is_plain_name(name))
      return name;
  }
  return UPK_STR("upkeep");
}

/* NULL after diagnostics. */
static const upk_json *ask(cli *c, const project *p, upk_compile_mode mode,
                           upk_str target, upk_status *ret_status) {
  upk_buf bytes = {0};
  upk_json_error error;
  const upk_json *tree = NULL;
  upk_compile_request request = request_new(c, p, mode);
  request.target = target;
  *ret_status = compile(c, p, &request, &bytes);
  if (*ret_status == UPK_OK)
    tree = upk_json_parse(
        c->arena, upk_arena_copy(c->arena, upk_buf_view(&bytes)), &error);
  if (*ret_status == UPK_OK && !tree)
    *ret_status = UPK_ERROR;
  upk_buf_free(&bytes);
  return tree;
}

static upk_status take_facts(rights *r) {
  cli *c = r->c;
  upk_buf bytes = {0};
  if (!flag_given(c, FLAG_facts))
    return UPK_OK;
  upk_str path = flag_text(c, FLAG_facts);
  upk_status status = file_read(c, path, &bytes);
  if (status == UPK_OK)
    status =
        upk_facts_read(c->arena, upk_arena_copy(c->arena, upk_buf_view(&bytes)),
                       path, &c->diags, &r->facts);
  upk_buf_free(&bytes);
  r->measured =
      status == UPK_OK && upk_version_parse(r->facts.version, &r->version);
  return status;
}

upk_status privileges_explain(cli *c, upk_str target) {
  project p;
  rights r = {.c = c};
  upk_buf out = {0};
  upk_status status = project_load(c, &p);
  const upk_json *said =
      status == UPK_OK ? ask(c, &p, UPK_COMPILE_PRIVILEGES, target, &status)
                       : NULL;
  if (!said)
    return status;
  r.target = upk_json_text(said, "target");
  const upk_json *facts = ask(c, &p, UPK_COMPILE_INSPECT, r.target, &status);
  if (!facts)
    return status;
  r.engine = upk_json_text(said, "engine");
  r.ledger = upk_json_flag(said, "ledger", true);
  r.list = upk_json_get(said, "privileges");
  r.unsaid = upk_json_get(said, "unsaid");
  r.collectors = upk_json_get(facts, "collectors");
  r.role = role_of(&p, r.target);
  status = take_facts(&r);
  if (status != UPK_OK)
    return status;
  if (format_is(c, "json", "text"))
    put_json(&r, &out);
  else
    put_text(&r, &out);
  print_bytes(c, upk_buf_view(&out));
  upk_buf_free(&out);
  return UPK_OK;
}
