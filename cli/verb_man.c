/* upkeep man: the manual pages, from the tables of verbs and flags, the pages
 * of docs/manual and the keys of policies. CMake installs them. */
#include <string.h>

#include "cli.h"
#include "manual.h"
#include "roff.h"

static upk_str manual_text(const char *path) {
  for (const struct embedded_file *f = manual_files; f->path; f++)
    if (strcmp(f->path, path) == 0)
      return (upk_str){(const char *)f->bytes, f->len};
  return UPK_NO_STR;
}

/* What stands below a heading of the second level. */
static upk_str section_of(upk_str text, const char *heading) {
  const char *from = text.data ? strstr(text.data, heading) : NULL;
  if (!from)
    return UPK_NO_STR;
  from += strlen(heading);
  const char *end = strstr(from, "\n## ");
  return (upk_str){from, end ? (size_t)(end + 1 - from) : strlen(from)};
}

static void head(const char *name, const char *section, const char *summary,
                 upk_buf *out) {
  upk_buf_str(out, UPK_STR(".TH "));
  for (const char *p = name; *p; p++)
    upk_buf_char(out, *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p);
  upk_buf_printf(out,
                 " %s \"%s\" \"upkeep %s\" \"upkeep manual\"\n"
                 ".SH NAME\n%s \\- ",
                 section, UPKEEP_DATE, UPKEEP_VERSION, name);
  roff_text(upk_str_from(summary), out);
}

static void flags_part(cli *c, const verb *v, uint64_t which, upk_buf *out) {
  for (int id = 0; id < FLAG_COUNT; id++)
    if (which >> id & 1)
      roff_tagged(flag_display(c->arena, (flag_id)id),
                  flag_doc(c->arena, v, (flag_id)id), out);
}

static void exit_part(upk_buf *out) {
  static const struct {
    const char *code, *text;
  } rows[] = {
#define X(name, exit_code, text) {#exit_code, text},
      UPK_STATUS_TABLE(X)
#undef X
          {"130, 143", "stopped by a signal, cleanly"},
  };
  upk_buf_str(out, UPK_STR(".SH EXIT STATUS\nThe same for all verbs:\n"));
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    roff_tagged(upk_str_from(rows[i].code), upk_str_from(rows[i].text), out);
}

/* ".BR upkeep (1)," and so on. */
static void see_also(const verb *but, upk_buf *out) {
  upk_buf_str(out, UPK_STR(".SH SEE ALSO\n"));
  if (but)
    upk_buf_str(out, UPK_STR(".BR upkeep (1),\n"));
  for (size_t i = 0; verbs[i]; i++)
    if (!verbs[i]->hidden && verbs[i] != but)
      upk_buf_printf(out, ".BR upkeep\\-%s (1),\n", verbs[i]->name);
  upk_buf_str(out,
              UPK_STR(".BR upkeep.yaml (5),\n.BR upkeep\\-policies (5)\n"));
}

static void verb_page(cli *c, const verb *v, upk_buf *out) {
  upk_str name = upk_arena_printf(c->arena, "upkeep-%s", v->name);
  upk_str notes = manual_text(
      upk_arena_printf(c->arena, "docs/manual/notes/%s.md", v->name).data);
  head(name.data, "1", v->summary, out);
  upk_buf_str(out, UPK_STR(".SH SYNOPSIS\n"));
  roff_text(upk_arena_printf(c->arena, "**upkeep %s** %s [FLAGS]", v->name,
                             v->arguments),
            out);
  upk_buf_str(out, UPK_STR(".SH DESCRIPTION\n"));
  roff_text(upk_str_from(v->detail ? v->detail : v->summary), out);
  if (notes.data) {
    upk_buf_str(out, UPK_STR(".SH NOTES AND EXAMPLES\n"));
    roff_markdown(notes, out);
  }
  upk_buf_str(out, UPK_STR(".SH OPTIONS\n"));
  flags_part(c, v, v->flags, out);
  upk_buf_str(out, UPK_STR(".SS \"Of every verb\"\n"));
  flags_part(c, v, FLAGS_EVERYWHERE, out);
  exit_part(out);
  see_also(v, out);
}

static void main_page(cli *c, upk_buf *out) {
  head("upkeep", "1", "declarative policies for database maintenance", out);
  upk_buf_str(out, UPK_STR(".SH SYNOPSIS\n\\fBupkeep\\fR VERB [ARGUMENTS] "
                           "[FLAGS]\n.SH DESCRIPTION\n"));
  roff_text(
      UPK_STR("upkeep compiles maintenance policies into a reviewed plan, and "
              "executes it. A policy is an invariant over facts about a "
              "database, plus a remedy. `upkeep check` says which invariants "
              "are broken, `upkeep plan` compiles the remedies of the broken "
              "ones into a plan, and `upkeep apply` executes exactly that "
              "plan inside its windows.\n\n`upkeep explain` tells what a code, "
              "an action, a kind, a key or any other word means."),
      out);
  upk_buf_str(out, UPK_STR(".SH VERBS\n"));
  for (size_t i = 0; verbs[i]; i++)
    if (!verbs[i]->hidden)
      roff_tagged(upk_arena_printf(c->arena, "%s %s", verbs[i]->name,
                                   verbs[i]->arguments),
                  upk_str_from(verbs[i]->summary), out);
  upk_buf_str(out, UPK_STR(".SH OPTIONS\nOf every verb:\n"));
  flags_part(c, NULL, FLAGS_EVERYWHERE, out);
  exit_part(out);
  upk_buf_str(out, UPK_STR(".SH ENVIRONMENT\n"));
  roff_text(UPK_STR("Every long flag can be given as UPKEEP_FLAG, such as "
                    "UPKEEP_DRY_RUN=1; the command line wins. NO_COLOR: no "
                    "colours. PGPASSFILE, PGSERVICEFILE and the other "
                    "variables of libpq hold as always."),
            out);
  upk_buf_str(out, UPK_STR(".SH FILES\n"));
  roff_tagged(UPK_STR("upkeep.yaml"),
              UPK_STR("the project, here or in a folder above"), out);
  roff_tagged(UPK_STR(".upkeep/runs/RUN/"), UPK_STR("plan and log of each run"),
              out);
  roff_tagged(UPK_STR(".upkeep/stop"),
              UPK_STR("while this file is there no run starts a step"), out);
  see_also(NULL, out);
}

static void project_page(upk_buf *out) {
  head("upkeep.yaml", "5", "the project file of upkeep", out);
  upk_buf_str(out, UPK_STR(".SH DESCRIPTION\n"));
  roff_text(UPK_STR("The project file names databases, windows, blackouts and "
                    "policies. A dot leads into a map, or into each entry of "
                    "a list. `upkeep explain KEY` tells more of each key."),
            out);
  upk_buf_str(out, UPK_STR(".SH KEYS\n"));
  roff_markdown(
      section_of(manual_text("docs/manual/keys.md"), "## upkeep.yaml\n"), out);
  see_also(NULL, out);
}

static void policies_page(upk_buf *out) {
  upk_str text = manual_text("docs/manual/policies.md"), title;
  head("upkeep-policies", "5", "policies of upkeep: invariants and remedies",
       out);
  upk_buf_str(out, UPK_STR(".SH DESCRIPTION\n"));
  upk_str_split(text, '\n', &title); /* the page's own title */
  roff_markdown(title, out);
  upk_buf_str(out, UPK_STR(".SH KEYS\n"));
  roff_markdown(
      section_of(manual_text("docs/manual/keys.md"), "## A file of policies\n"),
      out);
  see_also(NULL, out);
}

/* "upkeep", "upkeep-plan" or "plan", "upkeep.yaml", "upkeep-policies". */
static bool write_page(cli *c, upk_str name, upk_buf *out) {
  upk_str verb_name = upk_str_starts(name, "upkeep-")
                          ? (upk_str){name.data + 7, name.len - 7}
                          : name;
  const verb *v = verb_find(verb_name);
  if (upk_str_is(name, "upkeep"))
    main_page(c, out);
  else if (upk_str_is(name, "upkeep.yaml"))
    project_page(out);
  else if (upk_str_is(name, "upkeep-policies"))
    policies_page(out);
  else if (v && !v->hidden)
    verb_page(c, v, out);
  return out->len > 0;
}

static upk_status no_page(cli *c, upk_str name) {
  upk_diag *diag = upk_diag_add(&c->diags, 4000, UPK_NO_SPAN,
                                "there is no page `%.*s`", UPK_FMT(name));
  upk_diag_help(&c->diags, diag,
                "the pages are upkeep, upkeep.yaml, upkeep-policies and "
                "upkeep-VERB");
  return UPK_USAGE;
}

static upk_status save(cli *c, upk_str name, int section) {
  upk_buf out = {0};
  upk_str folder = upk_arena_printf(
      c->arena, "%.*s/man%d", UPK_FMT(flag_text(c, FLAG_output)), section);
  upk_status status = UPK_ERROR;
  write_page(c, name, &out);
  if (make_folders(folder))
    status =
        file_write(c,
                   upk_arena_printf(c->arena, "%.*s/%.*s.%d", UPK_FMT(folder),
                                    UPK_FMT(name), section),
                   upk_buf_view(&out));
  upk_buf_free(&out);
  return status;
}

static upk_status save_all(cli *c) {
  upk_status status = save(c, UPK_STR("upkeep"), 1);
  for (size_t i = 0; verbs[i] && status == UPK_OK; i++)
    if (!verbs[i]->hidden)
      status =
          save(c, upk_arena_printf(c->arena, "upkeep-%s", verbs[i]->name), 1);
  if (status == UPK_OK)
    status = save(c, UPK_STR("upkeep.yaml"), 5);
  if (status == UPK_OK)
    status = save(c, UPK_STR("upkeep-policies"), 5);
  if (status == UPK_OK)
    say(c, "wrote the manual pages to %s\n", flag_text(c, FLAG_output).data);
  return status;
}

static upk_status run(cli *c) {
  upk_buf out = {0};
  if (flag_given(c, FLAG_output))
    return save_all(c);
  upk_str name = upk_str_from(c->argument_count ? c->arguments[0] : "upkeep");
  if (!write_page(c, name, &out))
    return no_page(c, name);
  print_bytes(c, upk_buf_view(&out));
  upk_buf_free(&out);
  return UPK_OK;
}

const verb verb_man = {
    .name = "man",
    .arguments = "[PAGE]",
    .summary = "the manual pages, as man(1) reads them",
    .detail = "`upkeep man plan | man -l -` shows one; with -o DIR all are "
              "written to DIR/man1 and DIR/man5.",
    .flags = FLAG_BIT(output),
    .max_arguments = 1,
    .hidden = true,
    .run = run,
};
