/* Joining the diagnostics of work that was done apart. */
#include <string.h>

#include <upkeep/diag.h>

static upk_str path_of(const upk_diags *diags, upk_span span) {
  return diags->sources.items[span.source].path;
}

static bool same_text(upk_str a, upk_str b) {
  return !a.data == !b.data && upk_str_equal(a, b);
}

static bool same_labels(const upk_diags *a, const upk_diag *one,
                        const upk_diags *b, const upk_diag *other) {
  if (one->labels.len != other->labels.len)
    return false;
  for (size_t i = 0; i < one->labels.len; i++) {
    const upk_label *x = &one->labels.items[i], *y = &other->labels.items[i];
    if (x->span.line != y->span.line || x->span.column != y->span.column ||
        !upk_str_equal(path_of(a, x->span), path_of(b, y->span)) ||
        !same_text(x->text, y->text))
      return false;
  }
  return true;
}

static bool same_notes(const upk_diag *one, const upk_diag *other) {
  if (one->notes.len != other->notes.len)
    return false;
  for (size_t i = 0; i < one->notes.len; i++)
    if (!same_text(one->notes.items[i], other->notes.items[i]))
      return false;
  return true;
}

static bool same(const upk_diags *a, const upk_diag *one, const upk_diags *b,
                 const upk_diag *other) {
  return one->code == other->code && one->severity == other->severity &&
         same_text(one->message, other->message) &&
         same_text(one->help, other->help) && same_notes(one, other) &&
         same_labels(a, one, b, other);
}

static upk_span moved(upk_diags *to, const upk_diags *from, upk_span span) {
  if (span.source) {
    const upk_source_text *source = &from->sources.items[span.source];
    span.source = upk_diags_source(to, source->path, source->text);
  }
  return span;
}

upk_diag *upk_diags_copy(upk_diags *to, const upk_diags *from,
                         const upk_diag *item) {
  upk_diag *diag =
      upk_diag_add(to, item->code, UPK_NO_SPAN, "%.*s", UPK_FMT(item->message));
  for (size_t i = 0; i < item->labels.len; i++) {
    const upk_label *label = &item->labels.items[i];
    upk_span span = moved(to, from, label->span);
    *UPK_PUSH(to->arena, &diag->labels) =
        (upk_label){span, upk_arena_copy(to->arena, label->text)};
  }
  for (size_t i = 0; i < item->notes.len; i++)
    *UPK_PUSH(to->arena, &diag->notes) =
        upk_arena_copy(to->arena, item->notes.items[i]);
  if (item->help.data)
    diag->help = upk_arena_copy(to->arena, item->help);
  return diag;
}

upk_diag *upk_diags_find(upk_diags *diags, const upk_diags *from,
                         const upk_diag *item) {
  for (size_t i = 0; i < diags->items.len; i++)
    if (same(diags, &diags->items.items[i], from, item))
      return &diags->items.items[i];
  return NULL;
}

void upk_diags_merge(upk_diags *to, const upk_diags *from) {
  for (size_t i = 0; i < from->items.len; i++)
    if (!upk_diags_find(to, from, &from->items.items[i]))
      upk_diags_copy(to, from, &from->items.items[i]);
  to->dropped += from->dropped;
}
