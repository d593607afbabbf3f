/* upkeep inspect: the facts of one target, or of several. */
#include <sys/stat.h>

#include "cli.h"

/* What was asked for in so many words must not be left out. */
static upk_status recorded(cli *c, const project *p) {
  if (!flag_given(c, FLAG_record) || project_state(c, p, true))
    return UPK_OK;
  upk_diag_add(&c->diags, 3158, UPK_NO_SPAN, "nothing was recorded");
  return UPK_ERROR;
}

/* Facts from a file, with what history adds to them today. */
static upk_status look_again(cli *c, const project *p, upk_str target,
                             upk_str path, upk_buf *facts) {
  upk_buf request_bytes = {0}, seen = {0};
  upk_target known;
  upk_status status = project_target(c, p, target, &known);
  upk_compile_request request = request_new(c, p, UPK_COMPILE_INSPECT);
  request.target = known.name;
  request.all_attributes = true;
  if (status == UPK_OK)
    status = compile(c, p, &request, &request_bytes);
  if (status == UPK_OK) {
    bool record = records_facts(c);
    status = upk_state_facts(project_state(c, p, record), known.name,
                             upk_buf_view(&request_bytes), upk_buf_view(facts),
                             path, record, &c->diags, upk_sink_buf(&seen));
  }
  upk_buf_free(&request_bytes);
  upk_buf_free(facts);
  *facts = seen;
  return status;
}

static upk_status inspect_one(cli *c, const project *p) {
  upk_buf facts = {0};
  upk_str path, target = upk_str_from(c->argument_count ? c->arguments[0] : "");
  upk_status status = facts_get(c, p, target, &facts, &path);
  if (status == UPK_OK && flag_given(c, FLAG_facts))
    status = look_again(c, p, target, path, &facts);
  if (status == UPK_OK) {
    if (flag_given(c, FLAG_output))
      status = file_write(c, flag_text(c, FLAG_output), upk_buf_view(&facts));
    else if (!flag_given(c, FLAG_record))
      print_bytes(c, upk_buf_view(&facts));
  }
  if (status == UPK_OK && flag_given(c, FLAG_output))
    say(c, "wrote %s\n", flag_text(c, FLAG_output).data);
  upk_buf_free(&facts);
  return status == UPK_OK ? recorded(c, p) : status;
}

/* ---- several ---- */

typedef struct saving {
  cli *c;
  upk_status status;
  size_t written;
} saving;

static void print_facts(void *ctx, upk_str target, upk_str bytes) {
  saving *s = ctx;
  (void)target;
  if (!flag_given(s->c, FLAG_record))
    print_bytes(s->c, bytes);
}

static void save_facts(void *ctx, upk_str target, upk_str bytes) {
  saving *s = ctx;
  upk_str folder = flag_text(s->c, FLAG_output);
  upk_str path =
      upk_arena_printf(s->c->arena, "%.*s%s%.*s.json", UPK_FMT(folder),
                       upk_str_ends(folder, "/") ? "" : "/", UPK_FMT(target));
  upk_status status = file_write(s->c, path, bytes);
  s->written += status == UPK_OK;
  if (status != UPK_OK)
    s->status = status;
}

static bool is_folder(upk_str path) {
  struct stat info;
  return stat(path.data, &info) == 0 && S_ISDIR(info.st_mode);
}

/* The facts of several targets are several files. */
static bool folder_there(cli *c) {
  upk_str folder = flag_text(c, FLAG_output);
  if (!flag_given(c, FLAG_output) || is_folder(folder) ||
      (upk_str_ends(folder, "/") && make_folders(folder)))
    return true;
  upk_diag *diag = upk_diag_add(&c->diags, 4000, UPK_NO_SPAN,
                                "--output of several targets is no folder: "
                                "%.*s",
                                UPK_FMT(folder));
  upk_diag_help(&c->diags, diag,
                "write %.*s/ to make one; each target's facts become a file in "
                "it",
                UPK_FMT(folder));
  return false;
}

static upk_status inspect_many(cli *c, const project *p) {
  upk_str *names;
  saving s = {.c = c, .status = UPK_OK};
  bool saved = flag_given(c, FLAG_output);
  size_t count = fleet_targets(c, p, &names);
  if (count == SIZE_MAX || !folder_there(c))
    return UPK_USAGE;
  fleet_request request = {.targets = names,
                           .count = count,
                           .mode = UPK_COMPILE_INSPECT,
                           .doing = "inspecting",
                           .on_result = saved ? save_facts : print_facts,
                           .ctx = &s};
  upk_status status = fleet_run(c, p, &request);
  if (saved)
    say(c, "wrote the facts of %zu targets to %s\n", s.written,
        flag_text(c, FLAG_output).data);
  if (status == UPK_OK)
    status = recorded(c, p);
  return s.status == UPK_OK ? status : s.status;
}

static upk_status many_of_one_file(cli *c) {
  upk_diag *diag = upk_diag_add(&c->diags, 4000, UPK_NO_SPAN,
                                "--facts holds the facts of one target, and "
                                "%zu are named",
                                c->argument_count);
  upk_diag_help(&c->diags, diag, "name one, or leave --facts out");
  return UPK_USAGE;
}

static upk_status run(cli *c) {
  project p;
  upk_status status = project_load(c, &p);
  if (status != UPK_OK)
    return status;
  if (c->argument_count <= 1)
    return inspect_one(c, &p);
  return flag_given(c, FLAG_facts) ? many_of_one_file(c) : inspect_many(c, &p);
}

const verb verb_inspect = {
    .name = "inspect",
    .arguments = "[TARGET...]",
    .summary = "read the facts of targets, print or save them",
    .detail =
        "Read-only. Only what the policies refer to is read; --all reads "
        "everything.\nOf several targets, --parallelism of them are read "
        "at once; their facts are printed\none a line in the order of the "
        "project file, or saved as DIR/TARGET.json by -o DIR/.\nWith --record "
        "they become samples in the state store instead, with --facts FILE "
        "those that\na file holds: what was found on other days, oldest "
        "first.",
    .flags = FLAG_BIT(output) | FLAG_BIT(all) | FLAG_BIT(parallelism) |
             FLAG_BIT(facts) | FLAG_BIT(record) | FLAG_BIT(connect_timeout) |
             FLAG_BIT(statement_timeout),
    .max_arguments = SIZE_MAX,
    .run = run,
};
