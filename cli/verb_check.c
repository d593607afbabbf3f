/* upkeep check: the invariants, now. */
#include <inttypes.h>

#include "cli.h"

typedef struct report {
  cli *c;
  upk_buf out;
  size_t reports;
  bool broken;
} report;

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

static void policy_text(report *r, const upk_json *policy) {
  const upk_json *objects = upk_json_get(policy, "objects");
  size_t count = upk_json_count(objects);
  size_t shown = flag_given(r->c, FLAG_verbose) ? count : 10;
  int64_t broken = upk_json_number(policy, "broken", 0);
  if (!count && !flag_given(r->c, FLAG_verbose))
    return;
  upk_buf_printf(&r->out,
                 "%.*s  (%.*s)  %" PRId64 " broken, %" PRId64
                 " unknown, %" PRId64 " hold\n",
                 UPK_FMT(upk_json_text(policy, "name")),
                 UPK_FMT(upk_json_text(policy, "severity")), broken,
                 upk_json_number(policy, "unknown", 0),
                 upk_json_number(policy, "holds", 0));
  for (size_t i = 0; i < count && i < shown; i++)
    object_line(r, upk_json_at(objects, i), policy);
  if (count > shown)
    upk_buf_printf(&r->out, "  ... and %zu more; --verbose shows all\n",
                   count - shown);
}

static void report_text(report *r, const upk_json *json) {
  const upk_json *policies = upk_json_get(json, "policies");
  const upk_json *totals = upk_json_get(json, "totals");
  for (size_t i = 0; i < upk_json_count(policies); i++)
    policy_text(r, upk_json_at(policies, i));
  upk_buf_printf(&r->out,
                 "%.*s: %zu policies, %" PRId64 " broken, %" PRId64
                 " warn, %" PRId64 " unknown, %" PRId64 " hold\n",
                 UPK_FMT(upk_json_text(json, "target")),
                 upk_json_count(policies), upk_json_number(totals, "broken", 0),
                 upk_json_number(totals, "warns", 0),
                 upk_json_number(totals, "unknown", 0),
                 upk_json_number(totals, "holds", 0));
}

/* From another thread than the rest: it has an arena of its own. */
static void add_report(void *ctx, upk_str target, upk_str bytes) {
  report *r = ctx;
  upk_json_error error;
  upk_arena *arena = upk_arena_new(NULL);
  const upk_json *json = upk_json_parse(arena, bytes, &error);
  (void)target;
  r->broken |= upk_json_number(upk_json_get(json, "totals"), "broken", 0) > 0;
  upk_buf_clear(&r->out);
  if (format_is(r->c, "json", "text")) {
    print_bytes(r->c, bytes);
  } else {
    report_text(r, json);
    print_text(r->c, upk_buf_view(&r->out));
  }
  upk_arena_free(arena);
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
  if (status == UPK_OK)
    add_report(r, target, upk_buf_view(&bytes));
  upk_buf_free(&facts);
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
