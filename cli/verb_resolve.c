/* upkeep resolve: an operator's word on a step in doubt. */
#include "runs.h"

static bool read_word(cli *c, bool *ret_done) {
  upk_str word = flag_text(c, FLAG_as);
  *ret_done = upk_str_is(word, "done");
  if (!*ret_done && !upk_str_is(word, "not-done")) {
    upk_diag *diag = upk_diag_add(&c->diags, 4000, UPK_NO_SPAN,
                                  "--as says `done` or `not-done`");
    upk_diag_help(&c->diags, diag,
                  "look at the object in the database, then say what you "
                  "found");
    return false;
  }
  if (flag_text(c, FLAG_reason).len)
    return true;
  upk_diag_add(&c->diags, 4000, UPK_NO_SPAN,
               "--reason is needed: the log shall say why");
  return false;
}

static upk_status run(cli *c) {
  project p;
  taken_run taken = {0};
  upk_resolve_request request = {.step = upk_str_from(c->arguments[1]),
                                 .reason = flag_text(c, FLAG_reason)};
  if (!read_word(c, &request.done))
    return UPK_USAGE;
  upk_status status = project_find(c, &p);
  if (status == UPK_OK)
    status = runs_take(c, &p, c->arguments[0], &taken);
  if (status == UPK_OK) {
    upk_clock clock = system_clock();
    request.run_folder = taken.folder;
    request.plan = upk_buf_view(&taken.bytes);
    request.plan_path = taken.plan_path;
    who_am_i(c, &request.user, &request.host);
    status = upk_resolve(&request, &clock, &c->diags);
  }
  if (status == UPK_OK)
    say(c, "Step %.*s: %s, says the log now.\nNext: upkeep resume %.*s\n",
        UPK_FMT(request.step), request.done ? "done" : "not done",
        UPK_FMT(taken.name));
  upk_buf_free(&taken.bytes);
  return status;
}

const verb verb_resolve = {
    .name = "resolve",
    .arguments = "RUN STEP --as done|not-done --reason TEXT",
    .summary = "settle a step in doubt by your own word",
    .detail = "Neither the ledger nor the step's probe could tell whether it "
              "was done: look at the object, then say\nwhat you found. The "
              "log keeps your word, your name and the reason; the next `upkeep "
              "resume` (or\nrollback) believes it.",
    .flags = FLAG_BIT(as) | FLAG_BIT(reason),
    .min_arguments = 2,
    .max_arguments = 2,
    .run = run,
};
