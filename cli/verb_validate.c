/* upkeep validate: everything that can be known without a database. */
#include "packs.h"

/* What was read, with what is said of it: one object in JSON. */
static void render_requirements(cli *c, upk_str read) {
  upk_buf out = {0}, said = {0};
  if (format_is(c, "json", "text")) {
    upk_diags_render_json(&c->diags, &said);
    upk_str array = upk_str_trim(upk_buf_view(&said));
    upk_buf_printf(&out, "{\"diagnostics\":%.*s%s", UPK_FMT(array),
                   read.len ? "," : "}\n");
    if (read.len)
      upk_buf_add(&out, read.data + 1, read.len - 1);
    print_bytes(c, upk_buf_view(&out));
  } else if (read.len) {
    requirements_show(read, c->arena, &out);
    print_text(c, upk_buf_view(&out));
  }
  upk_buf_free(&out);
  upk_buf_free(&said);
}

static void render(cli *c, const project *p) {
  upk_buf out = {0};
  if (format_is(c, "json", "text"))
    upk_diags_render_json(&c->diags, &out);
  else if (format_is(c, "sarif", "text"))
    findings_sarif(c, p, &out);
  print_bytes(c, upk_buf_view(&out));
  upk_buf_free(&out);
}

/* Rules, zones and calendars, in the 14 days to come. What is wrong with the
 * project file itself was said. */
static upk_status check_windows(cli *c, upk_status status) {
  project p;
  upk_windows windows;
  upk_diags said = c->diags;
  upk_clock clock = system_clock();
  int64_t now_us = clock.wall_us(clock.ctx);
  bool readable = project_load(c, &p) == UPK_OK;
  c->diags.items.len = said.items.len;
  c->diags.failures = said.failures;
  c->diags.warnings = said.warnings;
  c->diags.dropped = said.dropped;
  if (!readable)
    return status;
  upk_status of_windows = windows_make(
      c, &p, now_us, now_us + INT64_C(14) * 86400 * 1000000, &windows);
  return status == UPK_OK ? of_windows : status;
}

static bool stdlib_changed(const cli *c) {
  for (size_t i = 0; i < c->diags.items.len; i++)
    if (c->diags.items.items[i].code == 1061)
      return true;
  return false;
}

static upk_status run(cli *c) {
  project p = {.folder = UPK_NO_STR};
  upk_buf output = {0};
  upk_status status = project_find(c, &p);
  if (status == UPK_OK) {
    upk_compile_request request =
        request_new(c, &p,
                    flag_given(c, FLAG_requirements) ? UPK_COMPILE_REQUIREMENTS
                                                     : UPK_COMPILE_VALIDATE);
    status = compile(c, &p, &request, &output);
  }
  if (status == UPK_OK || status == UPK_DENIED)
    status = check_windows(c, status);
  if (stdlib_changed(c))
    approvals_at_stake(c, &p);
  if (flag_given(c, FLAG_requirements) && !format_is(c, "sarif", "text"))
    render_requirements(c, upk_buf_view(&output));
  else
    render(c, &p);
  upk_buf_free(&output);
  if (status == UPK_OK && format_is(c, "text", "text"))
    say(c, "%.*s is valid%s\n", UPK_FMT(p.file),
        c->diags.warnings ? ", with warnings" : "");
  return status;
}

const verb verb_validate = {
    .name = "validate",
    .arguments = "",
    .summary = "compile the policies offline: syntax, types, names, cycles",
    .detail = "With --requirements it prints what was read from the "
              "requirements document:\neach value, its place, and what it "
              "fills in.",
    .formats = "text,json,sarif",
    .flags = FLAG_BIT(format) | FLAG_BIT(requirements) | FLAGS_POLICIES,
    .run = run,
};
