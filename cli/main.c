/* upkeep: the command. Finds the verb, reads its flags, runs it, renders the
 * diagnostics and gives the exit code. */
#include <locale.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <upkeep/runtime.h>

#include "child.h"
#include "cli.h"

extern const verb verb_init, verb_validate, verb_inspect, verb_check, verb_plan,
    verb_show, verb_diff, verb_approve, verb_verify, verb_apply, verb_resume,
    verb_resolve, verb_rollback, verb_status, verb_pause, verb_continue,
    verb_set, verb_cancel, verb_log, verb_explain, verb_schema, verb_compile,
    verb_windows, verb_completion, verb_man, verb_test;

const verb *const verbs[] = {
    &verb_init,       &verb_validate, &verb_inspect, &verb_check,
    &verb_plan,       &verb_show,     &verb_diff,    &verb_approve,
    &verb_verify,     &verb_apply,    &verb_resume,  &verb_resolve,
    &verb_rollback,   &verb_status,   &verb_pause,   &verb_continue,
    &verb_set,        &verb_cancel,   &verb_log,     &verb_explain,
    &verb_schema,     &verb_compile,  &verb_windows, &verb_test,
    &verb_completion, &verb_man,      NULL,
};

const verb *verb_find(upk_str name) {
  for (size_t i = 0; verbs[i]; i++)
    if (upk_str_is(name, verbs[i]->name))
      return verbs[i];
  return NULL;
}

static upk_status no_verb(cli *c, const char *name) {
  upk_str names[64];
  size_t count = 0;
  for (const verb *const *v = verbs; *v && count < 64; v++)
    names[count++] = upk_str_from((*v)->name);
  upk_diag *diag =
      upk_diag_add(&c->diags, 4000, UPK_NO_SPAN, "there is no verb `%s`", name);
  if (!upk_diag_suggest(&c->diags, diag, upk_str_from(name), names, count))
    upk_diag_help(&c->diags, diag, "`upkeep help` lists the verbs");
  return UPK_USAGE;
}

/* A format that the verb does not know is refused before any work. */
static bool format_known(cli *c, const verb *v) {
  upk_str wanted = flag_text(c, FLAG_format);
  upk_str rest = upk_str_from(v->formats);
  if (!flag_given(c, FLAG_format))
    return true;
  while (rest.data)
    if (upk_str_equal(upk_str_split(rest, ',', &rest), wanted))
      return true;
  upk_diag *diag = upk_diag_add(&c->diags, 4000, UPK_NO_SPAN,
                                "`upkeep %s` has no format `%.*s`", v->name,
                                UPK_FMT(wanted));
  upk_diag_help(&c->diags, diag, "the formats are %s", v->formats);
  return false;
}

static upk_status run_verb(cli *c, const verb *v, int argc, char **argv) {
  upk_status status = flags_parse(c, v, argc, argv);
  if (status != UPK_OK)
    return status;
  if (flag_given(c, FLAG_help)) {
    help_verb(v, stdout);
    return UPK_OK;
  }
  if (!format_known(c, v))
    return UPK_USAGE;
  if (flag_given(c, FLAG_directory) &&
      chdir(flag_text(c, FLAG_directory).data) != 0) {
    upk_diag_add(&c->diags, 4002, UPK_NO_SPAN, "cannot enter the folder %s",
                 flag_text(c, FLAG_directory).data);
    return UPK_USAGE;
  }
  c->verb = v;
  return v->run(c);
}

static upk_status help(cli *c, int argc, char **argv) {
  const verb *v = argc > 0 ? verb_find(upk_str_from(argv[0])) : NULL;
  if (argc > 0 && !v)
    return no_verb(c, argv[0]);
  if (v)
    help_verb(v, stdout);
  else
    help_all(stdout);
  return UPK_OK;
}

/* `upkeep -C DIR plan`, as git takes it, is `upkeep plan -C DIR`. */
static int verb_index(int argc, char **argv) {
  int i = 1;
  while (i < argc && argv[i][0] == '-' && strcmp(argv[i], "--help") != 0 &&
         strcmp(argv[i], "-h") != 0 && strcmp(argv[i], "--version") != 0) {
    bool takes = strcmp(argv[i], "-C") == 0 || strcmp(argv[i], "-f") == 0 ||
                 strcmp(argv[i], "--directory") == 0 ||
                 strcmp(argv[i], "--file") == 0 ||
                 strcmp(argv[i], "--stdlib") == 0;
    i += takes ? 2 : 1;
  }
  return i;
}

static upk_status dispatch(cli *c, int argc, char **argv) {
  int at = verb_index(argc, argv);
  if (at >= argc) {
    help_all(stderr);
    return UPK_USAGE;
  }
  if (strcmp(argv[at], "help") == 0 || strcmp(argv[at], "--help") == 0 ||
      strcmp(argv[at], "-h") == 0)
    return help(c, argc - at - 1, argv + at + 1);
  if (strcmp(argv[at], "--version") == 0 || strcmp(argv[at], "version") == 0) {
    puts("upkeep " UPKEEP_VERSION);
    return UPK_OK;
  }
  if (strcmp(argv[at], COMPLETE_VERB) == 0) {
    complete(c, argc - at - 1, argv + at + 1);
    return UPK_OK;
  }
  const verb *v = verb_find(upk_str_from(argv[at]));
  if (!v)
    return no_verb(c, argv[at]);
  for (int i = at; i > 1; i--) /* flags before the verb stand after it */
    argv[i] = argv[i - 1];
  return run_verb(c, v, argc - 2, argv + 2);
}

/* Notes are for --verbose; with -q only errors are worth a word. */
static void drop_below(upk_diags *diags, upk_severity least) {
  size_t kept = 0;
  for (size_t i = 0; i < diags->items.len; i++)
    if (diags->items.items[i].severity >= least)
      diags->items.items[kept++] = diags->items.items[i];
  diags->items.len = kept;
}

static void render_diagnostics(cli *c) {
  upk_buf text = {0};
  drop_below(&c->diags, flag_given(c, FLAG_quiet)     ? UPK_FAILURE
                        : flag_given(c, FLAG_verbose) ? UPK_NOTE
                                                      : UPK_WARNING);
  upk_diags_render_text(&c->diags, c->color_err, &text);
  if (text.len)
    fwrite(text.data, 1, text.len, stderr);
  upk_buf_free(&text);
}

/* Each target and each request fills and frees the same blocks, of arenas
 * mostly, which have 4 MiB at most: libc keeps them, instead of giving their
 * pages back and clearing them anew. */
static void keep_memory(void) {
  mallopt(M_MMAP_THRESHOLD, 8 * 1024 * 1024);
  mallopt(M_TRIM_THRESHOLD, 64 * 1024 * 1024);
}

int main(int argc, char **argv) {
  keep_memory();
  if (argc == 2 && strcmp(argv[1], CHILD_VERB) == 0)
    return child_main();
  if (argc == 2 && strcmp(argv[1], UPK_SESSION_VERB) == 0)
    return upk_session_serve();
  setlocale(LC_ALL, "C");
  cli c = {.arena = upk_arena_new(NULL)};
  upk_diags_init(&c.diags, c.arena);
  const char *no_color = getenv("NO_COLOR");
  bool color = !(no_color && *no_color);
  c.terminal_err = isatty(2);
  c.color_out = color && isatty(1);
  c.color_err = color && c.terminal_err;
  upk_status status = dispatch(&c, argc, argv);
  bool lost = fflush(stdout) != 0 || ferror(stdout);
  render_diagnostics(&c);
  int code = upk_status_exit_code(status);
  if (lost) {
    fputs("upkeep: cannot write to standard output\n", stderr);
    if (status == UPK_OK || status == UPK_CHANGES)
      code = upk_status_exit_code(UPK_ERROR);
  }
  if (signals_number() && status == UPK_CANCELLED)
    code = 128 + signals_number();
  child_close(c.compiler);
  secrets_wipe(&c);
  upk_state_close(c.state);
  upk_arena_free(c.arena);
  return code;
}
