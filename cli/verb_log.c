/* upkeep log: runs, and the record of one. */
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "runs.h"
#include "timefmt.h"

static void words_text(upk_str key, upk_str text, upk_buf *out) {
  upk_buf_printf(out, "  %.*s=", UPK_FMT(key));
  for (size_t k = 0; k < text.len && k < 300; k++)
    upk_buf_char(out, (unsigned char)text.data[k] < 0x20 ? ' ' : text.data[k]);
}

/* `det` or `obs` as key=value words. */
static void fields_text(const upk_json *fields, upk_buf *out) {
  for (size_t i = 0; i < upk_json_count(fields); i++) {
    const upk_json_member *member = &fields->object.members[i];
    if (upk_str_is(member->key, "step") || upk_str_is(member->key, "wall_us"))
      continue;
    if (member->value->type == UPK_JSON_STRING) {
      words_text(member->key, member->value->string, out);
      continue;
    }
    upk_buf_printf(out, "  %.*s=", UPK_FMT(member->key));
    upk_json_writer *w = upk_json_writer_new(upk_sink_buf(out));
    upk_json_write(w, member->value);
    upk_json_writer_close(w);
  }
}

static void record_text(cli *c, const upk_json *record, upk_buf *out) {
  const upk_json *det = upk_json_get(record, "det");
  const upk_json *obs = upk_json_get(record, "obs");
  int64_t at = upk_json_number(obs, "wall_us", 0);
  upk_buf_printf(out, "%4" PRId64 "  ", upk_json_number(record, "seq", 0));
  if (at) {
    upk_timestamp_format(at, out);
    upk_buf_str(out, UPK_STR("  "));
  }
  /* What a second run would not have (a cancelled step, a note) is in `obs`. */
  upk_str step = upk_json_text(det, "step");
  upk_str text = upk_json_text(obs, "text");
  upk_buf_printf(out, "%-14.*s %.*s", UPK_FMT(upk_json_text(record, "event")),
                 UPK_FMT(step.data ? step : upk_json_text(obs, "step")));
  fields_text(det, out);
  if (!upk_json_count(det) && !flag_given(c, FLAG_verbose)) {
    upk_str outcome = upk_json_text(obs, "outcome");
    if (outcome.data)
      upk_buf_printf(out, "  outcome=%.*s", UPK_FMT(outcome));
    if (text.data)
      words_text(UPK_STR("text"), text, out);
  }
  if (upk_json_number(obs, "blocked_ms", 0) > 0 && !flag_given(c, FLAG_verbose))
    upk_buf_printf(out, "  blocked_ms=%" PRId64,
                   upk_json_number(obs, "blocked_ms", 0));
  if (flag_given(c, FLAG_verbose))
    fields_text(obs, out);
  upk_buf_char(out, '\n');
}

static void log_text(cli *c, upk_str bytes, upk_buf *out) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_str rest = bytes;
  while (rest.data && rest.len) {
    const char *start = rest.data;
    upk_json_error error;
    upk_str line = upk_str_split(rest, '\n', &rest);
    upk_str whole = {start, line.len + (rest.data != NULL)};
    upk_arena_reset(arena);
    const upk_json *record = upk_json_parse(arena, whole, &error);
    if (record)
      record_text(c, record, out);
    else
      upk_buf_printf(out, "      (a damaged record: %s)\n", error.text);
  }
  upk_arena_free(arena);
}

static upk_status show(cli *c, upk_str folder) {
  upk_buf bytes = {0}, out = {0};
  upk_str path = upk_arena_printf(c->arena, "%.*s/log.jsonl", UPK_FMT(folder));
  upk_status status = file_read(c, path, &bytes);
  if (status == UPK_OK) {
    if (format_is(c, "json", "text"))
      upk_buf_str(&out, upk_buf_view(&bytes));
    else
      log_text(c, upk_buf_view(&bytes), &out);
    (format_is(c, "json", "text") ? print_bytes
                                  : print_text)(c, upk_buf_view(&out));
    status = upk_log_verify(folder, &c->diags, NULL);
  }
  upk_buf_free(&bytes);
  upk_buf_free(&out);
  return status;
}

/* As people write it: relative where it is below the working folder. */
static upk_str shown(upk_str folder) {
  char here[PATH_MAX];
  size_t len = getcwd(here, sizeof here) ? strlen(here) : 0;
  if (len > 1 && folder.len > len && memcmp(folder.data, here, len) == 0 &&
      folder.data[len] == '/')
    return (upk_str){folder.data + len + 1, folder.len - len - 1};
  return folder;
}

static upk_status verify(cli *c, upk_str folder) {
  upk_str semantic = UPK_NO_STR;
  upk_status status = upk_log_verify(folder, &c->diags, &semantic);
  if (status == UPK_OK)
    printf("%.*s: whole and unchanged; semantic digest %.*s\n",
           UPK_FMT(shown(folder)), UPK_FMT(semantic));
  return status;
}

static upk_status replay(cli *c, const project *p, const char *wanted) {
  taken_run taken = {0};
  size_t records = 0;
  upk_status status = runs_take(c, p, wanted, &taken);
  if (status == UPK_OK)
    status = upk_log_replay(taken.folder, upk_buf_view(&taken.bytes),
                            taken.plan_path, &c->diags, &records);
  if (status == UPK_OK)
    printf("%.*s: replays; %zu records, each as it was\n",
           UPK_FMT(shown(taken.folder)), records);
  upk_buf_free(&taken.bytes);
  return status;
}

static upk_status list(cli *c, upk_str folder) {
  run_vec runs = {0};
  runs_list(c, folder, &runs);
  for (size_t i = 0; i < runs.len; i++)
    printf("%.*s\n", UPK_FMT(runs.items[i]));
  if (!runs.len)
    say(c, "there is no run yet\n");
  return UPK_OK;
}

static upk_status run(cli *c) {
  project p;
  upk_str what = upk_str_from(c->argument_count ? c->arguments[0] : "list");
  upk_str wanted = upk_str_from(c->argument_count > 1 ? c->arguments[1] : "");
  upk_str run_folder;
  upk_status status = project_find(c, &p);
  if (status != UPK_OK)
    return status;
  upk_str folder = runs_folder(c, &p);
  if (upk_str_is(what, "list"))
    return list(c, folder);
  if (upk_str_is(what, "replay"))
    return replay(c, &p, c->argument_count > 1 ? c->arguments[1] : "");
  bool showing = upk_str_is(what, "show");
  if (!showing && !upk_str_is(what, "verify")) {
    upk_diag *diag =
        upk_diag_add(&c->diags, 4000, UPK_NO_SPAN,
                     "`upkeep log` knows no `%.*s`", UPK_FMT(what));
    upk_diag_help(&c->diags, diag,
                  "upkeep log list, show [RUN], verify [RUN] or replay [RUN]");
    return UPK_USAGE;
  }
  status = runs_find(c, folder, wanted, &run_folder, NULL);
  if (status != UPK_OK)
    return status;
  return showing ? show(c, run_folder) : verify(c, run_folder);
}

const verb verb_log = {
    .name = "log",
    .arguments = "[list|show|verify|replay] [RUN]",
    .summary = "the runs, the record of one, and whether it is unchanged",
    .detail = "RUN is a run's name or the start of it; without one the latest "
              "is taken.\nshow prints what two faultless runs share; --verbose "
              "adds times, counts and messages.\nreplay feeds "
              "the events in the log to the executor's machine, which must "
              "write it again, byte for byte.",
    .formats = "text,json",
    .flags = FLAG_BIT(format),
    .max_arguments = 2,
    .run = run,
};
