/* upkeep validate: everything that can be known without a database. */
#include "cli.h"

static void render(cli *c) {
  upk_buf out = {0};
  if (format_is(c, "json", "text"))
    upk_diags_render_json(&c->diags, &out);
  else if (format_is(c, "sarif", "text"))
    upk_diags_render_sarif(&c->diags, &out);
  print_bytes(c, upk_buf_view(&out));
  upk_buf_free(&out);
}

static upk_status run(cli *c) {
  project p;
  upk_buf output = {0};
  upk_status status = project_find(c, &p);
  if (status == UPK_OK) {
    upk_compile_request request = request_new(c, &p, UPK_COMPILE_VALIDATE);
    status = compile(c, &p, &request, &output);
  }
  upk_buf_free(&output);
  render(c);
  if (status == UPK_OK && format_is(c, "text", "text"))
    say(c, "%.*s is valid%s\n", UPK_FMT(p.file),
        c->diags.warnings ? ", with warnings" : "");
  return status;
}

const verb verb_validate = {
    .name = "validate",
    .arguments = "",
    .summary = "compile the policies offline: syntax, types, names, cycles",
    .formats = "text,json,sarif",
    .flags = FLAG_BIT(format) | FLAGS_POLICIES,
    .run = run,
};
