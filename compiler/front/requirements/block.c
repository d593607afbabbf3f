/* Fenced blocks with the info string `upkeep`: YAML whose keys are those of
 * requirement.def, or what words.def calls them. In here, what is not
 * understood is an error: the block is written for upkeep. */
#include <string.h>

#include "front/requirements/private.h"
#include "front/yaml/read.h"

enum { BLOCKS_MAX = 32, DEPTH_MAX = 6 };

/* The document with everything outside of the block left empty, so that places
 * are those of the document. */
static upk_str lonely(reader *r, const md_block *fence) {
  upk_str whole = r->doc.text;
  char *copy = UPK_NEW_ARRAY(r->ir->arena, char, fence->end + 1);
  size_t len = 0;
  for (size_t i = 0; i < fence->start; i++)
    if (whole.data[i] == '\n')
      copy[len++] = '\n';
  memcpy(copy + len, whole.data + fence->start, fence->end - fence->start);
  return (upk_str){copy, len + fence->end - fence->start};
}

static bool is_scalar(const node *value) {
  return value->type == NODE_TEXT || value->type == NODE_PLAIN;
}

static size_t offset_of(const reader *r, upk_span at) {
  if (!at.line || at.line > r->doc.line_count)
    return 0;
  size_t offset = r->doc.lines[at.line - 1] + at.column - 1;
  return offset < r->doc.text.len ? offset : r->doc.text.len;
}

static piece piece_at(reader *r, upk_str text, upk_span at) {
  md_text *whole = UPK_NEW(r->ir->arena, md_text);
  *whole = md_plain(r->ir->arena, text, offset_of(r, at));
  return piece_whole(whole);
}

static piece scalar_piece(reader *r, const node *value) {
  return piece_at(r, value->text, value->text_span);
}

static piece key_piece(reader *r, const node_member *member) {
  return piece_at(r, member->key, member->key_span);
}

static void refuse(reader *r, const node *value, int key, const char *what) {
  upk_diag_add(r->ir->diags, 1619, value->span, "`%s` cannot be %s here",
               key >= 0 && key < IR_REQUIREMENT_COUNT
                   ? ir_requirement_rows[key].name
                   : "a requirement",
               what);
}

static void read_node(reader *r, const setting *at, const node *value,
                      int depth);

/* { day: Sunday, start: 02:00, ... } */
static bool is_parts(reader *r, const node *map) {
  size_t parts = 0;
  for (size_t i = 0; i < map->map.count; i++)
    if (part_find(r, map->map.members[i].key) >= 0 &&
        is_scalar(map->map.members[i].value))
      parts++;
  return parts == map->map.count && parts > 0;
}

static void read_part_map(reader *r, const setting *at, const node *map) {
  piece parts[PART_COUNT] = {0};
  for (size_t i = 0; i < map->map.count; i++) {
    const node_member *member = &map->map.members[i];
    int part = part_find(r, member->key);
    if (part >= 0 && !node_is_null(member->value))
      parts[part] = scalar_piece(r, member->value);
  }
  if (!read_parts(r, (ir_requirement_key)at->key, at, parts))
    refuse(r, map, at->key, "empty");
}

/* A member below a key: its own key, a target, or a name. */
static void read_member(reader *r, const setting *at, const node_member *member,
                        int depth) {
  setting inner = *at;
  bool named = at->key == IR_REQUIREMENT_windows ||
               at->key == IR_REQUIREMENT_blackouts ||
               at->key == IR_REQUIREMENT_retention;
  int both = key_find_both(r, at->phrase, member->key);
  int key = both >= 0 ? both : named ? -1 : key_find(r, member->key);
  upk_str target = target_named(r, member->key);
  if (key == KEY_GROUP) {
    inner.phrase = member->key;
  } else if (key >= 0 && key != KEY_IGNORED) {
    inner.key = key;
    inner.phrase = member->key;
  } else if (target.data && !named) {
    inner.target = target;
  } else if (named) {
    inner.name = member->key;
    inner.several = false;
  } else {
    unknown_key(r, key_piece(r, member));
    return;
  }
  read_node(r, &inner, member->value, depth + 1);
}

static bool is_target_list(upk_str key) {
  return word_is(key, "targets") || word_is(key, "databases");
}

static void read_scopes(reader *r, const setting *at, const node *map,
                        int depth) {
  for (size_t i = 0; map->type == NODE_MAP && i < map->map.count; i++) {
    const node_member *member = &map->map.members[i];
    setting inner = *at;
    inner.target = target_named(r, member->key);
    if (inner.target.data)
      read_node(r, &inner, member->value, depth + 1);
    else
      upk_diag_add(r->ir->diags, 1618, member->key_span,
                   "`%.*s` is no target of the project",
                   UPK_FMT(node_clip(member->key)));
  }
}

static void read_map(reader *r, const setting *at, const node *map, int depth) {
  bool when =
      at->key == IR_REQUIREMENT_windows || at->key == IR_REQUIREMENT_blackouts;
  if (when && is_parts(r, map)) {
    read_part_map(r, at, map);
    return;
  }
  for (size_t i = 0; i < map->map.count; i++) {
    const node_member *member = &map->map.members[i];
    if (at->key < 0 && is_target_list(member->key))
      read_scopes(r, at, member->value, depth + 1);
    else
      read_member(r, at, member, depth);
  }
}

static void read_leaf(reader *r, const setting *at, const node *value) {
  piece text = scalar_piece(r, value);
  if (at->key < 0) {
    unread(r, text, -1, NULL);
    return;
  }
  if (!read_value(r, (ir_requirement_key)at->key, at, text))
    unread(r, text, at->key, NULL);
}

static void read_node(reader *r, const setting *at, const node *value,
                      int depth) {
  if (depth > DEPTH_MAX) {
    refuse(r, value, at->key, "nested so deep");
    return;
  }
  if (is_scalar(value) && !node_is_null(value)) {
    read_leaf(r, at, value);
  } else if (value->type == NODE_MAP) {
    read_map(r, at, value, depth);
  } else if (value->type == NODE_LIST && at->key >= 0) {
    setting inner = *at;
    inner.several = true;
    for (size_t i = 0; i < value->list.count; i++)
      read_node(r, &inner, value->list.items[i], depth + 1);
  } else {
    refuse(r, value, at->key, node_describe(value));
  }
}

/* The zone of all hours holds wherever it stands. */
static void read_zone(reader *r, const node *map) {
  const setting at = {.key = IR_REQUIREMENT_timezone};
  for (size_t i = 0; i < map->map.count; i++) {
    const node_member *member = &map->map.members[i];
    if (key_find(r, member->key) == IR_REQUIREMENT_timezone)
      read_node(r, &at, member->value, 1);
  }
}

void read_pairs(reader *r, const node *map) {
  const setting at = {.key = -1};
  bool strict = r->strict;
  size_t said = r->ir->diags->failures;
  r->strict = true;
  read_zone(r, map);
  if (r->ir->diags->failures == said) /* else it is said twice */
    read_map(r, &at, map, 0);
  r->strict = strict;
}

void read_block(reader *r, const md_block *fence) {
  upk_str inside = {r->doc.text.data + fence->start, fence->end - fence->start};
  if (!upk_str_trim(inside).len)
    return;
  if (r->blocks++ >= BLOCKS_MAX) {
    r->full = true;
    upk_diag_add(r->ir->diags, 1606, md_span(&r->doc, fence->start, fence->end),
                 "the document has more than %d blocks for upkeep", BLOCKS_MAX);
    return;
  }
  upk_str text = lonely(r, fence);
  const node *tree = yaml_read(r->ir->arena, r->ir->diags, r->out->path, text);
  if (!tree)
    return;
  if (tree->type == NODE_MAP) {
    read_pairs(r, tree);
    return;
  }
  r->strict = true;
  refuse(r, tree, -1, node_describe(tree));
  r->strict = false;
}
