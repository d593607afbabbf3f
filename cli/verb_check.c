/* upkeep check: the invariants, now. */
#include <inttypes.h>

#include "cli.h"

enum { SHOWN = 10 }; /* objects of a policy, without --verbose */

typedef struct report {
  cli *c;
  upk_buf out;
  size_t shown;
  bool broken;
} report;

/* A report while it is read: only what is shown of it is kept, for there may
 * be a line about each of all objects. */
typedef struct reading {
  report *r;
  upk_json_reader json;
  upk_arena *arena;
  int64_t broken; /* of the totals */
  size_t policies;
} reading;

/* One policy: its members but `objects`, the first of those, and how many
 * there are. */
typedef struct policy_read {
  UPK_VEC(upk_json_member) members;
  UPK_VEC(const upk_json *) objects;
  size_t count;
} policy_read;

static void object_line(report *r, const upk_json *object,
                        const upk_json *policy) {
  upk_str verdict = upk_json_text(object, "verdict");
  bool broken = upk_str_is(verdict, "broken");
  const char *color = broken                             ? "\033[31m"
                      : upk_str_is(verdict, "predicted") ? "\033[35m"
                                                         : "\033[33m";
  upk_buf_printf(&r->out, "  %s%-9.*s%s ", r->c->color_out ? color : "",
                 UPK_FMT(verdict), r->c->color_out ? "\033[0m" : "");
  upk_buf_printf(&r->out, "%.*s ", UPK_FMT(upk_json_text(policy, "kind")));
  object_display(upk_json_get(object, "object"), &r->out);
  upk_buf_printf(&r->out, ": %.*s\n",
                 UPK_FMT(upk_json_text(object, "because")));
}

static void policy_text(report *r, const upk_json *policy,
                        const policy_read *read) {
  if (!read->count && !flag_given(r->c, FLAG_verbose))
    return;
  upk_buf_printf(&r->out,
                 "%.*s  (%.*s)  %" PRId64 " broken, %" PRId64
                 " unknown, %" PRId64 " hold\n",
                 UPK_FMT(upk_json_text(policy, "name")),
                 UPK_FMT(upk_json_text(policy, "severity")),
                 upk_json_number(policy, "broken", 0),
                 upk_json_number(policy, "unknown", 0),
                 upk_json_number(policy, "holds", 0));
  for (size_t i = 0; i < read->objects.len; i++)
    object_line(r, read->objects.items[i], policy);
  if (read->count > read->objects.len)
    upk_buf_printf(&r->out, "  ... and %zu more; --verbose shows all\n",
                   read->count - read->objects.len);
}

static void totals_text(const reading *in, upk_str target,
                        const upk_json *totals) {
  upk_buf_printf(&in->r->out,
                 "%.*s: %zu policies, %" PRId64 " broken, %" PRId64
                 " warn, %" PRId64 " unknown, %" PRId64 " hold\n",
                 UPK_FMT(target), in->policies,
                 upk_json_number(totals, "broken", 0),
                 upk_json_number(totals, "warns", 0),
                 upk_json_number(totals, "unknown", 0),
                 upk_json_number(totals, "holds", 0));
}

/* ---- reading a report ---- */

static bool read_objects(reading *in, policy_read *policy) {
  upk_json_token token = upk_json_next(&in->json);
  while ((token = upk_json_next(&in->json)) == UPK_TOKEN_BEGIN_OBJECT) {
    if (policy->count++ >= in->r->shown) {
      if (!upk_json_skip(&in->json, token))
        return false;
      continue;
    }
    const upk_json *object = upk_json_read_value(&in->json, token, in->arena);
    if (!object)
      return false;
    *UPK_PUSH(in->arena, &policy->objects) = object;
  }
  return token == UPK_TOKEN_END_ARRAY;
}

static bool read_policy(reading *in) {
  policy_read read = {0};
  upk_json_token token;
  while ((token = upk_json_next(&in->json)) == UPK_TOKEN_KEY) {
    upk_str key = in->json.string;
    if (upk_str_is(key, "objects")) {
      if (!read_objects(in, &read))
        return false;
      continue;
    }
    const upk_json *value =
        upk_json_read_value(&in->json, upk_json_next(&in->json), in->arena);
    if (!value)
      return false;
    *UPK_PUSH(in->arena, &read.members) = (upk_json_member){key, value};
  }
  upk_json policy = {.type = UPK_JSON_OBJECT};
  policy.object.members = read.members.items;
  policy.object.count = read.members.len;
  policy_text(in->r, &policy, &read);
  in->policies++;
  return token == UPK_TOKEN_END_OBJECT;
}

static bool read_policies(reading *in) {
  upk_json_token token = upk_json_next(&in->json);
  while ((token = upk_json_next(&in->json)) == UPK_TOKEN_BEGIN_OBJECT)
    if (!read_policy(in))
      return false;
  return token == UPK_TOKEN_END_ARRAY;
}

static bool read_report(reading *in) {
  upk_str target = UPK_STR("");
  upk_json_token token = upk_json_next(&in->json);
  while ((token = upk_json_next(&in->json)) == UPK_TOKEN_KEY) {
    upk_str key = in->json.string;
    if (upk_str_is(key, "policies")) {
      if (!read_policies(in))
        return false;
      continue;
    }
    const upk_json *value =
        upk_json_read_value(&in->json, upk_json_next(&in->json), in->arena);
    if (!value)
      return false;
    if (upk_str_is(key, "target"))
      target = value->string;
    if (upk_str_is(key, "totals")) {
      in->broken = upk_json_number(value, "broken", 0);
      totals_text(in, target, value);
    }
  }
  return token == UPK_TOKEN_END_OBJECT;
}

/* From another thread than the rest: it has an arena of its own. */
static void add_report(void *ctx, upk_str target, upk_str bytes) {
  report *r = ctx;
  reading in = {.r = r, .arena = upk_arena_new(NULL)};
  bool json = format_is(r->c, "json", "text");
  (void)target;
  r->shown = json ? 0 : flag_given(r->c, FLAG_verbose) ? SIZE_MAX : SHOWN;
  upk_buf_clear(&r->out);
  upk_json_reader_init(&in.json, bytes, in.arena);
  read_report(&in);
  r->broken |= in.broken > 0;
  if (json)
    print_bytes(r->c, bytes);
  else
    print_text(r->c, upk_buf_view(&r->out));
  upk_arena_free(in.arena);
}

static upk_status check_facts(report *r, const project *p, upk_str target) {
  upk_buf facts = {0}, bytes = {0};
  upk_compile_request request = request_new(r->c, p, UPK_COMPILE_CHECK);
  upk_status status = facts_get(r->c, p, target, &facts, &request.facts_path);
  if (status == UPK_OK) {
    request.target = target;
    request.facts = upk_buf_view(&facts);
    status = compile(r->c, p, &request, &bytes);
  }
  upk_buf_free(&facts);
  if (status == UPK_OK)
    add_report(r, target, upk_buf_view(&bytes));
  upk_buf_free(&bytes);
  return status;
}

static upk_status check_fleet(report *r, const project *p) {
  upk_str *names;
  size_t count = fleet_targets(r->c, p, &names);
  fleet_request request = {.targets = names,
                           .count = count,
                           .mode = UPK_COMPILE_CHECK,
                           .doing = "checking",
                           .on_result = add_report,
                           .ctx = r};
  return count == SIZE_MAX ? UPK_USAGE : fleet_run(r->c, p, &request);
}

/* Facts from a file are those of one target. */
static upk_status one_target(cli *c) {
  if (c->argument_count < 2)
    return UPK_OK;
  upk_diag *diag = upk_diag_add(&c->diags, 4000, UPK_NO_SPAN,
                                "--facts holds the facts of one target, and "
                                "%zu are named",
                                c->argument_count);
  upk_diag_help(&c->diags, diag, "name one, or leave --facts out");
  return UPK_USAGE;
}

static upk_status run(cli *c) {
  project p;
  report r = {.c = c};
  bool from_file = flag_given(c, FLAG_facts);
  upk_status status = from_file ? one_target(c) : UPK_OK;
  if (status == UPK_OK)
    status = project_load(c, &p);
  if (status == UPK_OK)
    status = from_file
                 ? check_facts(
                       &r, &p,
                       upk_str_from(c->argument_count ? c->arguments[0] : ""))
                 : check_fleet(&r, &p);
  upk_buf_free(&r.out);
  return status == UPK_OK && r.broken ? UPK_CHANGES : status;
}

const verb verb_check = {
    .name = "check",
    .arguments = "[TARGET...]",
    .summary = "say which invariants are broken now",
    .detail =
        "Read-only. Exit 2 when an invariant is broken. JSON: one report "
        "a line and target.\nWithout arguments all targets of the project "
        "are checked, --parallelism of them at\nonce; reports come in the "
        "order of the project file. A target that fails does\nnot stop "
        "the others; then the exit code is that of the worst failure.",
    .formats = "text,json",
    .flags = FLAG_BIT(format) | FLAG_BIT(parallelism) | FLAGS_FACTS |
             FLAGS_POLICIES | FLAGS_RECORD,
    .max_arguments = SIZE_MAX,
    .run = run,
};
