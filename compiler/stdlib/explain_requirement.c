/* Values of the requirements document: rows of ir/requirement.def, with what
 * this project's document says. */
#include "stdlib/explain.h"

static void put_said(const ir *ir, ir_requirement_key key, page *page) {
  const ir_requirements *all = &ir->requirements;
  size_t count = 0;
  for (size_t i = 0; i < all->items.len; i++) {
    const ir_requirement *item = &all->items.items[i];
    upk_buf text = {0};
    if (item->key != key)
      continue;
    ir_requirement_print(item, &text);
    if (item->name.data)
      upk_buf_printf(&text, " for %.*s", UPK_FMT(item->name));
    if (item->target.data)
      upk_buf_printf(&text, " of target %.*s", UPK_FMT(item->target));
    upk_buf_str(&text, UPK_STR(", "));
    ir_requirement_place(all, item->span, &text);
    page_put(page, UPK_STR("here"),
             upk_arena_copy(page->arena, upk_buf_view(&text)));
    upk_buf_free(&text);
    count++;
  }
  if (!count)
    page_put(page, UPK_STR("here"),
             all->path.data
                 ? UPK_STR("unknown: the requirements document does not say")
                 : UPK_STR("unknown: the project names no document"));
}

void explain_requirement(const ir *ir, upk_str word, page *page) {
  upk_str rest;
  upk_str first = upk_str_split(word, '.', &rest);
  ir_requirement_key key;
  if (!upk_str_is(first, "requirement"))
    return;
  if (!rest.data) {
    page_add(page, word, UPK_STR("values of the requirements document"),
             UPK_STR("What a document in Markdown may ask for; in expressions "
                     "`requirement.NAME`."));
    for (int i = 0; i < IR_REQUIREMENT_COUNT; i++)
      page_put_typed(page, UPK_STR("values"),
                     upk_str_from(ir_requirement_rows[i].name),
                     upk_str_from(upk_type_name(ir_requirement_rows[i].type)),
                     upk_str_from(ir_requirement_rows[i].doc));
    return;
  }
  if (!ir_requirement_find(rest, &key))
    return;
  const ir_requirement_row *row = &ir_requirement_rows[key];
  page_add(page, word, UPK_STR("value of the requirements document"),
           upk_str_from(row->doc));
  page_put(page, UPK_STR("type"), upk_str_from(upk_type_name(row->type)));
  page_put(page, UPK_STR("fills in"), upk_str_from(row->fills));
  put_said(ir, key, page);
}

void explain_each_requirement(upk_arena *arena, explain_seen *seen, void *ctx) {
  for (int i = 0; i < IR_REQUIREMENT_COUNT; i++)
    seen(ctx, "requirements",
         upk_arena_printf(arena, "requirement.%s", ir_requirement_rows[i].name),
         upk_str_from(ir_requirement_rows[i].doc));
}
