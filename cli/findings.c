/* What was found, for machines and for a pull request. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "markup.h"

/* The project's folder below the repository's, with a slash at its end: paths
 * in a report for code scanning begin at the repository. */
static upk_str repository_prefix(cli *c, const project *p) {
  char *folder = realpath(p->folder.data, NULL);
  size_t len = folder ? strlen(folder) : 0, root = len;
  upk_str prefix = UPK_NO_STR;
  while (root) {
    upk_str git = upk_arena_printf(c->arena, "%.*s/.git", (int)root, folder);
    if (file_exists(git))
      break;
    do
      root--;
    while (root && folder[root] != '/');
  }
  if (root && root < len)
    prefix = upk_arena_printf(c->arena, "%s/", folder + root + 1);
  free(folder);
  return prefix;
}

void findings_sarif(cli *c, const project *p, upk_buf *out) {
  upk_sarif_places places = {.otherwise = UPK_STR("upkeep.yaml")};
  if (p->folder.data) {
    places.prefix = repository_prefix(c, p);
    places.otherwise = p->file;
  }
  upk_diags_render_sarif(&c->diags, places, out);
}

static void add_place(const upk_diags *diags, const upk_diag *diag,
                      upk_buf *out) {
  if (!diag->labels.len)
    return;
  const upk_span *span = &diag->labels.items[0].span;
  upk_str path = diags->sources.items[span->source].path;
  upk_buf text = {0};
  upk_buf_printf(&text, "%.*s:%" PRIu32 ":%" PRIu32, UPK_FMT(path), span->line,
                 span->column);
  upk_buf_str(out, UPK_STR(" at "));
  markup_code(out, upk_buf_view(&text), MARKUP_CELL_MAX);
  upk_buf_free(&text);
}

void findings_markdown(const cli *c, upk_str target, upk_buf *out) {
  static const char *const words[] = {"note", "warning", "error"};
  const upk_diags *diags = &c->diags;
  enum { SHOWN_MAX = 30 };
  upk_buf_str(out, UPK_STR("<!-- upkeep:plan "));
  markup_marker(out, target);
  upk_buf_str(out, UPK_STR(" -->\n**No plan for "));
  markup_code(out, target.len ? target : UPK_STR("the target"),
              MARKUP_LABEL_MAX);
  upk_buf_printf(out, ": refused, %zu error%s, %zu warning%s**\n\n",
                 diags->failures, diags->failures == 1 ? "" : "s",
                 diags->warnings, diags->warnings == 1 ? "" : "s");
  for (size_t i = 0; i < diags->items.len && i < SHOWN_MAX; i++) {
    const upk_diag *diag = &diags->items.items[i];
    upk_buf_printf(out, "- **%s** UPK%04d", words[diag->severity], diag->code);
    add_place(diags, diag, out);
    upk_buf_str(out, UPK_STR(": "));
    markup_code(out, diag->message, 2 * MARKUP_CELL_MAX);
    if (diag->help.len) {
      upk_buf_str(out, UPK_STR(" help: "));
      markup_code(out, diag->help, MARKUP_CELL_MAX);
    }
    upk_buf_char(out, '\n');
  }
  if (diags->items.len > SHOWN_MAX)
    upk_buf_printf(out, "- and %zu more\n", diags->items.len - SHOWN_MAX);
}
