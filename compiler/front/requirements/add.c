/* Values with their places, and what is said of them. */
#include <stdarg.h>
#include <stdio.h>

#include "front/requirements/private.h"

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* audit_log and AUDIT_LOG are one table to those who write documents. */
static bool same_name(upk_str a, upk_str b) {
  if (!a.data != !b.data || a.len != b.len)
    return false;
  for (size_t i = 0; i < a.len; i++)
    if (lower(a.data[i]) != lower(b.data[i]))
      return false;
  return true;
}

/* What already is there about the same thing. */
static const ir_requirement *find(const reader *r, ir_requirement_key key,
                                  upk_str target, upk_str name) {
  for (size_t i = 0; i < r->out->items.len; i++) {
    const ir_requirement *item = &r->out->items.items[i];
    if (item->key == key && same_name(item->target, target) &&
        same_name(item->name, name))
      return item;
  }
  return NULL;
}

static void contradict(reader *r, const ir_requirement *first, piece written) {
  const char *name = ir_requirement_rows[first->key].name;
  upk_diag *diag = upk_diag_add(
      r->ir->diags, 1612, piece_span(r, written),
      "`%s`%s%.*s has two values: %.*s and %.*s", name,
      first->name.data ? " of " : "",
      UPK_FMT(first->name.data ? first->name : UPK_STR("")),
      UPK_FMT(node_clip(first->written)), UPK_FMT(node_clip(written.text)));
  upk_diag_label(r->ir->diags, diag, first->span, "first here");
  upk_diag_help(r->ir->diags, diag, "Keep the one that holds.");
}

static bool has_room(reader *r, piece written) {
  if (r->full)
    return false;
  if (r->out->items.len < ITEMS_MAX)
    return true;
  r->full = true;
  upk_diag_add(r->ir->diags, 1606, piece_span(r, written),
               "the document asks for more than %d things", ITEMS_MAX);
  return false;
}

void add_item(reader *r, ir_requirement_key key, const setting *at,
              upk_str name, int64_t integer, upk_str text, piece written) {
  bool list = ir_requirement_rows[key].type == UPK_TYPE_LIST;
  const ir_requirement *first = list ? NULL : find(r, key, at->target, name);
  if (!has_room(r, written))
    return;
  if (first) {
    bool same = first->text.data ? upk_str_equal(first->text, text)
                                 : first->integer == integer;
    if (!same)
      contradict(r, first, written);
    return;
  }
  r->out->scoped = r->out->scoped || at->target.data;
  *UPK_PUSH(r->ir->arena, &r->out->items) = (ir_requirement){
      .key = key,
      .target = at->target,
      .name = name.data ? upk_arena_copy(r->ir->arena, name) : UPK_NO_STR,
      .integer = integer,
      .text = text,
      .written = written.text,
      .span = piece_span(r, written)};
}

/* ---- what is said ---- */

bool absurd(reader *r, piece where, const char *format, ...) {
  char line[256];
  va_list args;
  va_start(args, format);
  if (vsnprintf(line, sizeof line, format, args) < 0)
    line[0] = '\0';
  va_end(args);
  upk_diag_add(r->ir->diags, 1613, piece_span(r, where), "%s", line);
  return true;
}

/* What a value of a key looks like. */
static const char *example(int key) {
  if (key < 0 || key >= IR_REQUIREMENT_COUNT)
    return NULL;
  switch ((ir_requirement_key)key) {
  case IR_REQUIREMENT_windows:
    return "write it as `Sundays 02:00-05:00 Europe/Berlin`";
  case IR_REQUIREMENT_blackouts:
    return "write it as `2026-11-26 to 2026-12-01 (reason)`, or name an .ics "
           "file";
  case IR_REQUIREMENT_availability_period:
    return "write day, week, month, quarter, year or 30 days";
  case IR_REQUIREMENT_timezone:
    return "write an IANA name such as Europe/Berlin, or UTC";
  case IR_REQUIREMENT_retention:
    return "write it as `audit_log: 7 years`";
  case IR_REQUIREMENT_protected:
    return "write names of tables, separated by commas";
  default:
    break;
  }
  switch (ir_requirement_rows[key].type) {
  case UPK_TYPE_RATIO:
    return "write a share such as 99.95%";
  case UPK_TYPE_DURATION:
    return "write a time such as 50ms, 2 s or 7 days";
  case UPK_TYPE_INT:
    return "write a number";
  default:
    return NULL;
  }
}

void unread(reader *r, piece where, int key, const char *help) {
  if (r->quiet && !r->strict)
    return;
  bool known = key >= 0 && key < IR_REQUIREMENT_COUNT;
  upk_diag *diag = upk_diag_add(
      r->ir->diags, r->strict ? 1619 : 1611, piece_span(r, where),
      known ? "`%.*s` is not understood as a value of `%s`"
            : "`%.*s` looks like a requirement and is not understood",
      UPK_FMT(node_clip(where.text)),
      known ? ir_requirement_rows[key].name : "");
  help = help ? help : example(key);
  if (help)
    upk_diag_help(r->ir->diags, diag, "%s", help);
}

void unknown_key(reader *r, piece key) {
  upk_str names[IR_REQUIREMENT_COUNT];
  if (r->quiet && !r->strict)
    return;
  for (int i = 0; i < IR_REQUIREMENT_COUNT; i++)
    names[i] = upk_str_from(ir_requirement_rows[i].name);
  upk_diag *diag =
      upk_diag_add(r->ir->diags, r->strict ? 1618 : 1610, piece_span(r, key),
                   "`%.*s` is no requirement that upkeep knows",
                   UPK_FMT(node_clip(key.text)));
  upk_str normal = key_normal(r, key.text);
  char *snake = UPK_NEW_ARRAY(r->ir->arena, char, normal.len + 1);
  for (size_t i = 0; i < normal.len; i++)
    snake[i] = normal.data[i] == ' ' ? '_' : normal.data[i];
  if (!upk_diag_suggest(r->ir->diags, diag, (upk_str){snake, normal.len}, names,
                        IR_REQUIREMENT_COUNT))
    upk_diag_help(r->ir->diags, diag,
                  "`upkeep explain requirement` lists what there is");
}

upk_str slug(reader *r, upk_str text) {
  char *out = UPK_NEW_ARRAY(r->ir->arena, char, text.len + 1);
  size_t len = 0;
  for (size_t i = 0; i < text.len && len < 60; i++) {
    char c = text.data[i];
    c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
                c == '.';
    if (good && (len || (c != '_' && c != '.')))
      out[len++] = c;
    else if (len && out[len - 1] != '-')
      out[len++] = '-';
  }
  while (len && out[len - 1] == '-')
    len--;
  return (upk_str){out, len};
}
