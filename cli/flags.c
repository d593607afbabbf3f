/* Reading the command line by the table of flags. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "timefmt.h"

typedef struct flag_row {
  const char *name;
  char letter;
  const char *argument, *doc;
} flag_row;

static const flag_row rows[] = {
#define X(id, name, letter, argument, doc) {name, letter, argument, doc},
#include "flags.def"
#undef X
};

static bool takes(const verb *v, int id) {
  return ((v->flags | FLAGS_EVERYWHERE) >> id & 1) != 0;
}

static int find_long(const verb *v, upk_str name) {
  for (int id = 0; id < FLAG_COUNT; id++)
    if (takes(v, id) && upk_str_is(name, rows[id].name))
      return id;
  return -1;
}

static int find_short(const verb *v, char letter) {
  for (int id = 0; id < FLAG_COUNT; id++)
    if (takes(v, id) && letter && rows[id].letter == letter)
      return id;
  return -1;
}

static upk_status unknown(cli *c, const verb *v, upk_str name) {
  upk_str names[FLAG_COUNT];
  size_t count = 0;
  for (int id = 0; id < FLAG_COUNT; id++)
    if (takes(v, id))
      names[count++] = upk_str_from(rows[id].name);
  upk_diag *diag =
      upk_diag_add(&c->diags, 4000, UPK_NO_SPAN,
                   "`upkeep %s` has no flag `%.*s`", v->name, UPK_FMT(name));
  if (!upk_diag_suggest(&c->diags, diag, name, names, count))
    upk_diag_help(&c->diags, diag, "see `upkeep %s --help`", v->name);
  return UPK_USAGE;
}

static upk_status wrong(cli *c, const char *name, const char *what) {
  upk_diag_add(&c->diags, 4000, UPK_NO_SPAN, "--%s %s", name, what);
  return UPK_USAGE;
}

/* Every long flag has an environment variable: UPKEEP_DRY_RUN. An empty one,
 * "0" and "false" leave a flag without argument off. */
static void read_environment(cli *c, const verb *v) {
  for (int id = 0; id < FLAG_COUNT; id++) {
    if (!takes(v, id) || id == FLAG_help || c->flags[id])
      continue;
    const char *value = getenv(flag_variable(c->arena, (flag_id)id).data);
    if (!value || !*value)
      continue;
    if (rows[id].argument)
      c->flags[id] = value;
    else if (strcmp(value, "0") != 0 && strcmp(value, "false") != 0)
      c->flags[id] = "";
  }
}

static upk_status read_long(cli *c, const verb *v, char **argv, int *at) {
  upk_str value, name = upk_str_from(argv[*at] + 2);
  name = upk_str_split(name, '=', &value);
  int id = find_long(v, name);
  if (id < 0 && v->takes_words) {
    c->arguments[c->argument_count++] = argv[*at];
    return UPK_OK;
  }
  if (id < 0)
    return unknown(c, v, name);
  if (!rows[id].argument) {
    if (value.data)
      return wrong(c, rows[id].name, "takes no argument");
    c->flags[id] = "";
    return UPK_OK;
  }
  if (!value.data && !argv[*at + 1])
    return wrong(c, rows[id].name, "needs an argument");
  const char *given = value.data ? value.data : argv[++*at];
  bool more = id == FLAG_with && c->flags[id];
  c->flags[id] =
      more ? upk_arena_printf(c->arena, "%s\n%s", c->flags[id], given).data
           : given;
  return UPK_OK;
}

static upk_status read_short(cli *c, const verb *v, char **argv, int *at) {
  for (const char *p = argv[*at] + 1; *p; p++) {
    int id = find_short(v, *p);
    if (id < 0)
      return unknown(c, v, (upk_str){p, 1});
    if (!rows[id].argument) {
      c->flags[id] = "";
      continue;
    }
    if (!p[1] && !argv[*at + 1])
      return wrong(c, rows[id].name, "needs an argument");
    c->flags[id] = p[1] ? p + 1 : argv[++*at];
    break;
  }
  return UPK_OK;
}

static upk_status count_arguments(cli *c, const verb *v) {
  if (flag_given(c, FLAG_help))
    return UPK_OK;
  bool few = c->argument_count < v->min_arguments;
  if (!few && c->argument_count <= v->max_arguments)
    return UPK_OK;
  upk_diag *diag =
      upk_diag_add(&c->diags, 4000, UPK_NO_SPAN, "`upkeep %s` %s", v->name,
                   few ? "needs more arguments" : "got too many arguments");
  upk_diag_help(&c->diags, diag, "upkeep %s %s", v->name, v->arguments);
  return UPK_USAGE;
}

upk_status flags_parse(cli *c, const verb *v, int argc, char **argv) {
  bool only_arguments = false;
  upk_status status = UPK_OK;
  c->arguments = UPK_NEW_ARRAY(c->arena, char *, (size_t)argc + 1);
  for (int i = 0; i < argc && status == UPK_OK; i++) {
    if (only_arguments || argv[i][0] != '-' || !argv[i][1])
      c->arguments[c->argument_count++] = argv[i];
    else if (strcmp(argv[i], "--") == 0)
      only_arguments = true;
    else if (argv[i][1] == '-')
      status = read_long(c, v, argv, &i);
    else
      status = read_short(c, v, argv, &i);
  }
  if (status != UPK_OK)
    return status;
  read_environment(c, v);
  return count_arguments(c, v);
}

bool flag_given(const cli *c, flag_id id) { return c->flags[id] != NULL; }

upk_str flag_text(const cli *c, flag_id id) {
  return upk_str_from(c->flags[id] ? c->flags[id] : "");
}

bool flag_duration_ms(cli *c, flag_id id, int64_t otherwise, int64_t *ret_ms) {
  int64_t us;
  *ret_ms = otherwise;
  if (!flag_given(c, id))
    return true;
  if (!upk_duration_parse(flag_text(c, id), &us) || us < 1000) {
    upk_diag *diag = upk_diag_add(
        &c->diags, 4000, UPK_NO_SPAN,
        "--%s is no duration of a millisecond or more", rows[id].name);
    upk_diag_help(&c->diags, diag, "write 10s, 5min or 1h30m");
    return false;
  }
  *ret_ms = us / 1000;
  return true;
}

/* ---- the table, for help and other pages ---- */

const char *flag_name(flag_id id) { return rows[id].name; }

char flag_letter(flag_id id) { return rows[id].letter; }

const char *flag_argument(flag_id id) { return rows[id].argument; }

upk_str flag_display(upk_arena *arena, flag_id id) {
  const flag_row *row = &rows[id];
  upk_str letter =
      row->letter ? upk_arena_printf(arena, "-%c, ", row->letter) : UPK_STR("");
  return upk_arena_printf(arena, "%.*s--%s%s%s", UPK_FMT(letter), row->name,
                          row->argument ? " " : "",
                          row->argument ? row->argument : "");
}

upk_str flag_doc(upk_arena *arena, const verb *v, flag_id id) {
  bool formats = v && id == FLAG_format && v->formats;
  return upk_arena_printf(arena, "%s%s%s", rows[id].doc, formats ? ": " : "",
                          formats ? v->formats : "");
}

upk_str flag_variable(upk_arena *arena, flag_id id) {
  char name[64] = "UPKEEP_";
  size_t len = strlen(name);
  for (const char *p = rows[id].name; *p && len + 1 < sizeof name; p++)
    name[len++] = *p == '-' ? '_' : (char)(*p >= 'a' ? *p - 32 : *p);
  return upk_arena_copy(arena, (upk_str){name, len});
}

static void help_flags(const verb *v, FILE *out, uint64_t which) {
  upk_arena *arena = upk_arena_new(NULL);
  for (int id = 0; id < FLAG_COUNT; id++) {
    if (!(which >> id & 1))
      continue;
    upk_str text = flag_display(arena, (flag_id)id);
    upk_str doc = flag_doc(arena, v, (flag_id)id);
    int indent = rows[id].letter ? 0 : 4; /* where the letter would stand */
    fprintf(out, "  %*s%-*.*s %.*s\n", indent, "", 30 - indent, UPK_FMT(text),
            UPK_FMT(doc));
  }
  upk_arena_free(arena);
}

void help_verb(const verb *v, FILE *out) {
  fprintf(out, "upkeep %s%s%s\n\n%s\n", v->name, *v->arguments ? " " : "",
          v->arguments, v->summary);
  if (v->detail)
    fprintf(out, "\n%s\n", v->detail);
  if (v->flags) {
    fputs("\nFlags:\n", out);
    help_flags(v, out, v->flags);
  }
  fputs("\nFlags of every verb:\n", out);
  help_flags(v, out, FLAGS_EVERYWHERE);
}

void help_all(FILE *out) {
  fputs("upkeep compiles maintenance policies into a reviewed plan, and "
        "executes it.\n\nUsage: upkeep VERB [ARGUMENTS] [FLAGS]\n\n",
        out);
  for (size_t i = 0; verbs[i]; i++)
    if (!verbs[i]->hidden)
      fprintf(out, "  %-10s %s\n", verbs[i]->name, verbs[i]->summary);
  fputs(
      "\n`upkeep VERB --help` shows a verb's flags. Every long flag can be "
      "set as UPKEEP_FLAG in the environment.\nExit codes: 0 done, 1 error, "
      "2 something to do, 3 denied, 4 pre-check failed, 5 stale or tampered,\n"
      "6 locked, 7 outside the window, 8 rolled back, 9 partly applied, 10 in "
      "doubt, 11 unapproved,\n12 unreachable, 13 cancelled, 64 usage, 130/143 "
      "signal.\n",
      out);
}
