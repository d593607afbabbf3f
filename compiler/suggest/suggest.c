/* Which suggestions apply to what was seen, as the text of a file of policies.
 */
#include <stdlib.h>
#include <string.h>

#include "stdlib/private.h"
#include "suggest/private.h"
#include "timefmt.h"

enum { MOST = 5 }; /* objects that are named, where a suggestion says nothing */

typedef struct picked {
  size_t row;
  bool known;
  int64_t order;
  upk_str display;
} picked;
typedef UPK_VEC(picked) picks;

/* Texts of a suggestion in which figures stand. */
static const char *const texts[] = {"seen", "policies", "each", "why",
                                    "target"};

static bool prepare(ir *ir, ir_scope *scope, const node *map,
                    upk_expr **ret_where) {
  upk_scope names = ir_scope_names(scope);
  upk_str where = field_text(map, "where"), order = field_text(map, "order");
  upk_str name = field_text(map, "name");
  *ret_where = where.data ? upk_expr_compile(ir->arena, where, UPK_NO_SPAN,
                                             &names, UPK_TYPE_BOOL, ir->diags)
                          : NULL;
  if ((where.data && !*ret_where) ||
      (order.data && !ir_scope_slot(scope, order)))
    return false;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    upk_str text = field_text(map, texts[i]);
    if (text.data &&
        !fill_prepare(ir, scope, field_map(map, "let"), text, name))
      return false;
  }
  return ir_scope_bind(scope);
}

/* The largest first; then by name. */
static int by_order(const void *a, const void *b) {
  const picked *left = a, *right = b;
  if (left->known != right->known)
    return left->known ? -1 : 1;
  if (left->order != right->order)
    return left->order > right->order ? -1 : 1;
  return upk_str_compare(left->display, right->display);
}

static picks pick(ir *ir, ir_scope *scope, const node *map,
                  const upk_expr *where) {
  picks found = {0};
  upk_str order = field_text(map, "order");
  const ir_slot *slot = order.data ? ir_scope_slot(scope, order) : NULL;
  for (size_t row = 0; row < ir_kind_rows(ir, scope->kind); row++) {
    if (where && upk_expr_truth(where, scope->columns.items, row) != UPK_TRUE)
      continue;
    picked *p = UPK_PUSH(ir->arena, &found);
    p->row = row;
    p->display = ir_object_at(ir, scope->kind, row).display;
    const upk_column *column =
        slot ? &scope->columns.items[slot - scope->slots.items] : NULL;
    p->known = column && column->integers && !ir_cell_null(column, row);
    p->order = p->known ? ir_cell_integer(column, row) : 0;
  }
  if (found.len)
    qsort(found.items, found.len, sizeof *found.items, by_order);
  return found;
}

static void add_comment(upk_str text, upk_buf *out) {
  upk_str rest = text;
  while (rest.data) {
    upk_str line = upk_str_split(rest, '\n', &rest);
    upk_buf_printf(out, "    # %.*s\n", UPK_FMT(line));
  }
}

static filler filler_of(ir *ir, ir_scope *scope, const node *map,
                        const picks *found, size_t number) {
  return (filler){.ir = ir,
                  .scope = scope,
                  .let = field_map(map, "let"),
                  .object =
                      ir_object_at(ir, scope->kind, found->items[number].row),
                  .count = found->len,
                  .number = number + 1};
}

static void write_section(ir *ir, ir_scope *scope, const node *map,
                          const picks *found, upk_buf *out,
                          upk_buf *target_keys) {
  const node *most = node_find(map, "most");
  size_t named = most && most->type == NODE_INT ? (size_t)most->integer : MOST;
  const char *prefix = field_flag(map, "active") ? "  " : "  # ";
  filler first = filler_of(ir, scope, map, found, 0);
  upk_str each = field_text(map, "each"), all = field_text(map, "policies");
  upk_str why = field_text(map, "why"), seen = field_text(map, "seen");
  upk_buf_printf(out, "\n  # ---- %.*s\n", UPK_FMT(field_text(map, "title")));
  if (why.data)
    fill_text(&first, why, "  # ", out);
  for (size_t i = 0; seen.data && i < found->len && i < named; i++) {
    filler f = filler_of(ir, scope, map, found, i);
    fill_text(&f, seen, "  #     ", out);
  }
  if (seen.data && found->len > named)
    upk_buf_printf(out, "  #     and %zu more\n", found->len - named);
  if (all.data)
    fill_text(&first, all, prefix, out);
  for (size_t i = 0; each.data && i < found->len && i < named; i++) {
    filler f = filler_of(ir, scope, map, found, i);
    fill_text(&f, each, prefix, out);
  }
  if (field_text(map, "target").data)
    fill_text(&first, field_text(map, "target"), "    ", target_keys);
}

static bool suggest_one(ir *ir, const node *map, upk_buf *out,
                        upk_buf *target_keys) {
  upk_str name = field_text(map, "kind");
  ir_kind *kind = ir_kind_find(ir->engine, name);
  upk_expr *where;
  if (!kind)
    return true; /* the suggestion that begins the project */
  ir_scope *scope = ir_scope_of(ir, ir->engine, kind);
  if (!prepare(ir, scope, map, &where))
    return false;
  picks found = pick(ir, scope, map, where);
  if (found.len)
    write_section(ir, scope, map, &found, out, target_keys);
  return true;
}

/* What stands at the head of the file: where the figures are from. */
static void write_head(ir *ir, upk_buf *out) {
  upk_buf_printf(out, "# Policies for target `");
  upk_display_text(ir->target->name, out);
  upk_buf_printf(out,
                 "`, made by `upkeep init --from` of what was seen\n"
                 "# there (%.*s %.*s, %.*s, ",
                 UPK_FMT(ir->engine->name), UPK_FMT(ir->facts.version),
                 UPK_FMT(ir->facts.role));
  upk_timestamp_format(ir->facts.taken_at, out);
  upk_buf_str(out, UPK_STR("). A beginning: read, change, delete. Nothing\n"
                           "# here deletes or drops anything unless its "
                           "comment signs are taken away.\npolicies:\n"));
}

/* The shipped policies to begin with: those whose remedy one should choose
 * oneself are checks at first. */
static void write_use(const node *map, upk_buf *out) {
  const node *checks = field_list(map, "checks");
  upk_buf_printf(out, "use:\n  - name: %.*s\n",
                 UPK_FMT(field_text(map, "use")));
  if (!checks || !checks->list.count)
    return;
  add_comment(field_text(map, "why"), out);
  upk_buf_str(out, UPK_STR("    override:\n"));
  for (size_t i = 0; i < checks->list.count; i++)
    upk_buf_printf(out, "      %.*s: { by: null }\n",
                   UPK_FMT(checks->list.items[i]->text));
}

bool suggest_write(ir *ir, upk_sink sink) {
  upk_buf policies = {0}, use = {0}, keys = {0};
  bool good = true;
  write_head(ir, &policies);
  for (size_t i = 0; i < ir->engine->suggestions.len && good; i++) {
    const node *map = ir->engine->suggestions.items[i];
    if (field_text(map, "use").data)
      write_use(map, &use);
    good = suggest_one(ir, map, &policies, &keys);
  }
  if (good) {
    upk_json_writer *w = upk_json_writer_new(sink);
    upk_json_begin_object(w);
    upk_json_put_string(w, "format", UPK_STR("upkeep.suggestions/1"));
    upk_json_put_string(w, "policies", upk_buf_view(&policies));
    upk_json_put_string(w, "target",
                        keys.len ? upk_buf_view(&keys) : UPK_STR(""));
    upk_json_put_string(w, "use", use.len ? upk_buf_view(&use) : UPK_STR(""));
    upk_json_end_object(w);
    upk_json_newline(w);
    good = upk_json_writer_close(w);
  }
  upk_buf_free(&keys);
  upk_buf_free(&use);
  upk_buf_free(&policies);
  return good;
}
