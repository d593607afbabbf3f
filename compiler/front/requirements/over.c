/* What a policy test puts over the document: a map as in a block for upkeep,
 * which stands in the file of tests. Of a key that it gives, nothing of the
 * document's is left, so that a test depends on nothing it does not show. */
#include <string.h>

#include "front/front.h"
#include "front/requirements/private.h"

typedef struct given {
  bool keys[IR_REQUIREMENT_COUNT];
} given;

/* null, none and [] take what the document says away. */
static bool is_empty(const node *value) {
  return node_is_null(value) ||
         (value->type == NODE_LIST && value->list.count == 0);
}

static node *without_empty(reader *r, const node *map) {
  node *rest = node_new(r->ir->arena, NODE_MAP, map->span);
  rest->map.members =
      UPK_NEW_ARRAY(r->ir->arena, node_member, map->map.count + 1);
  for (size_t i = 0; i < map->map.count; i++)
    if (!is_empty(map->map.members[i].value))
      rest->map.members[rest->map.count++] = map->map.members[i];
  return rest;
}

/* The keys of a map, wherever they stand in it: it is read for nothing but what
 * comes of it. */
static given keys_of(reader *r, const node *map) {
  given found = {0};
  ir *ir = r->ir;
  upk_diags *diags = ir->diags, unheard;
  ir_requirements mine = {0};
  ir_project project = ir->project;
  reader trial = *r;
  upk_diags_init(&unheard, ir->arena);
  for (size_t i = 1; i < diags->sources.len; i++)
    upk_diags_source(&unheard, diags->sources.items[i].path,
                     diags->sources.items[i].text);
  ir->diags = &unheard;
  memset(&ir->project.windows, 0, sizeof ir->project.windows);
  trial.out = &mine;
  read_pairs(&trial, without_empty(r, map));
  ir->project = project;
  ir->diags = diags;
  for (size_t i = 0; i < mine.items.len; i++)
    found.keys[mine.items.items[i].key] = true;
  for (size_t i = 0; i < map->map.count; i++) {
    int key = key_find(r, map->map.members[i].key);
    if (key >= 0 && key < IR_REQUIREMENT_COUNT)
      found.keys[key] = true;
  }
  return found;
}

static void forget(ir *ir, const given *given) {
  ir_requirements *all = &ir->requirements;
  size_t kept = 0;
  for (size_t i = 0; i < all->items.len; i++)
    if (!given->keys[all->items.items[i].key])
      all->items.items[kept++] = all->items.items[i];
  all->items.len = kept;
  if (given->keys[IR_REQUIREMENT_blackouts])
    all->blackouts.len = 0;
  if (!given->keys[IR_REQUIREMENT_windows])
    return;
  kept = 0;
  for (size_t i = 0; i < ir->project.windows.len; i++)
    if (!ir->project.windows.items[i].required)
      ir->project.windows.items[kept++] = ir->project.windows.items[i];
  ir->project.windows.len = kept;
}

void front_requirements_over(ir *ir, const node *map) {
  const upk_source_text *file = &ir->diags->sources.items[map->span.source];
  reader r = {.ir = ir, .out = &ir->requirements, .quiet = true};
  if (map->type != NODE_MAP)
    return; /* said by its schema */
  r.doc = (md_document){.text = file->text, .source = map->span.source};
  md_lines(&r.doc, ir->arena);
  keys_init(&r);
  if (!r.out->path.data) {
    r.out->path = file->path;
    r.out->source = map->span.source;
  }
  r.out->over_path = file->path;
  r.out->over_source = map->span.source;
  given found = keys_of(&r, map);
  forget(ir, &found);
  read_pairs(&r, without_empty(&r, map));
}
