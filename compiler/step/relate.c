/* An index of steps by (action, kind, name of the object), and by (action,
 * kind and name of a parent): a hash map to chains in order of numbers. */
#include <string.h>

#include "ir/scope.h"
#include "step/relate.h"

#define NO_LINK UINT32_MAX

typedef struct chain {
  uint32_t first, last; /* links */
} chain;

typedef struct link {
  uint32_t step, next;
} link;

typedef struct index {
  upk_map by_key; /* to chains */
  UPK_VEC(chain) chains;
  UPK_VEC(link) links;
} index;

struct relate {
  ir *ir;
  size_t known; /* steps taken in */
  index own, parents;
  upk_buf *key;
};

/* Parts of a key are ended by NUL, which no name holds. */
static void key_part(upk_buf *key, upk_str part) {
  upk_buf_str(key, part);
  upk_buf_char(key, '\0');
}

static void make_key(upk_buf *key, upk_str action, upk_str kind,
                     const upk_str *names, size_t count) {
  upk_buf_clear(key);
  key_part(key, action);
  key_part(key, kind);
  for (size_t i = 0; i < count; i++)
    key_part(key, names[i]);
}

static void index_add(upk_arena *arena, index *in, const upk_buf *key,
                      uint32_t step) {
  uint64_t number;
  uint32_t at = (uint32_t)in->links.len;
  *UPK_PUSH(arena, &in->links) = (link){step, NO_LINK};
  if (upk_map_find(&in->by_key, upk_buf_view(key), &number)) {
    chain *found = &in->chains.items[number];
    in->links.items[found->last].next = at;
    found->last = at;
    return;
  }
  upk_map_put(&in->by_key, upk_arena_copy(arena, upk_buf_view(key)),
              in->chains.len);
  *UPK_PUSH(arena, &in->chains) = (chain){at, at};
}

static upk_str cell_text(const ir *ir, const upk_column *column, size_t row) {
  if (ir_cell_null(column, row))
    return UPK_NO_STR;
  if (column->type == UPK_TYPE_TEXT)
    return column->texts[column->constant ? 0 : row];
  if (column->type == UPK_TYPE_LIST)
    return UPK_NO_STR;
  return upk_arena_printf(ir->arena, "%lld",
                          (long long)ir_cell_integer(column, row));
}

/* Texts of columns in a row; 0 when one of them is not known. */
static size_t read_names(const ir *ir, upk_str kind, const ir_names *columns,
                         size_t row, upk_str *names) {
  const upk_facts_kind *facts = upk_facts_kind_find(&ir->facts, kind);
  if (!facts || row >= facts->rows || columns->len > RELATE_KEYS_MAX)
    return 0;
  for (size_t i = 0; i < columns->len; i++) {
    const upk_facts_column *column =
        upk_facts_column_find(facts, columns->items[i]);
    names[i] = column ? cell_text(ir, &column->values, row) : UPK_NO_STR;
    if (!names[i].data)
      return 0;
  }
  return columns->len;
}

static const ir_names *parent_keys(const ir_kind *kind, upk_str parent) {
  for (size_t i = 0; i < kind->parent_count; i++)
    if (upk_str_equal(kind->parents[i].kind, parent))
      return &kind->parents[i].keys;
  return NULL;
}

size_t relate_parent(const ir *ir, const ir_object *object, upk_str parent,
                     upk_str ret_names[RELATE_KEYS_MAX]) {
  const ir_names *keys = parent_keys(object->kind, parent);
  return keys ? read_names(ir, object->kind->name, keys, object->row, ret_names)
              : 0;
}

static int compare_names(const upk_str *a, const upk_str *b, size_t count) {
  for (size_t i = 0; i < count; i++) {
    int order = upk_str_compare(a[i], b[i]);
    if (order)
      return order;
  }
  return 0;
}

/* The row with these keys: facts are sorted by them. */
static bool find_row(const ir *ir, const ir_kind *kind, const upk_str *names,
                     size_t count, size_t *ret_row) {
  upk_str found[RELATE_KEYS_MAX];
  size_t low = 0;
  size_t high = ir_kind_rows(ir, kind);
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (read_names(ir, kind->name, &kind->keys, middle, found) != count)
      return false;
    int order = compare_names(found, names, count);
    if (order == 0) {
      *ret_row = middle;
      return true;
    }
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return false;
}

bool relate_parent_object(ir *ir, const ir_object *object, ir_kind *parent,
                          ir_object *ret_parent) {
  upk_str names[RELATE_KEYS_MAX];
  size_t row = 0;
  const ir_names *keys = parent_keys(object->kind, parent->name);
  if (!keys)
    return false;
  if (keys->len == 0) {
    if (ir_kind_rows(ir, parent) != 1)
      return false;
  } else {
    size_t count = relate_parent(ir, object, parent->name, names);
    if (!count || !find_row(ir, parent, names, count, &row))
      return false;
  }
  *ret_parent = ir_object_at(ir, parent, row);
  return true;
}

/* The one object of a kind is a parent without names of its own. */
static void add_parents(relate *r, uint32_t number) {
  const ir_step *step = &r->ir->steps.items[number];
  const ir_kind *kind = step->object.kind;
  upk_str names[RELATE_KEYS_MAX];
  for (size_t i = 0; i < kind->parent_count; i++) {
    size_t wanted = kind->parents[i].keys.len;
    size_t count = read_names(r->ir, kind->name, &kind->parents[i].keys,
                              step->object.row, names);
    if (count != wanted)
      continue;
    make_key(r->key, step->action->name, kind->parents[i].kind, names, count);
    index_add(r->ir->arena, &r->parents, r->key, number);
  }
}

/* Takes in the steps that were added since. */
static void update(relate *r) {
  upk_buf key = {0};
  if (r->known == r->ir->steps.len)
    return;
  r->key = &key;
  for (; r->known < r->ir->steps.len; r->known++) {
    const ir_step *step = &r->ir->steps.items[r->known];
    make_key(&key, step->action->name, step->object.kind->name,
             step->object.name, step->object.name_count);
    index_add(r->ir->arena, &r->own, &key, (uint32_t)r->known);
    add_parents(r, (uint32_t)r->known);
  }
  r->key = NULL;
  upk_buf_free(&key);
}

relate *relate_of(ir *ir) {
  if (ir->related)
    return ir->related;
  relate *r = UPK_NEW(ir->arena, relate);
  r->ir = ir;
  upk_map_init(&r->own.by_key, ir->arena);
  upk_map_init(&r->parents.by_key, ir->arena);
  ir->related = r;
  return r;
}

upk_str relate_split(upk_str entry, upk_str *ret_suffix) {
  return upk_str_split(entry, ':', ret_suffix);
}

static void visit_chain(const relate *r, const index *in, const upk_buf *key,
                        uint32_t step, void (*visit)(void *ctx, uint32_t other),
                        void *ctx) {
  uint64_t number;
  if (!upk_map_find(&in->by_key, upk_buf_view(key), &number))
    return;
  uint32_t at = in->chains.items[number].first;
  while (at != NO_LINK) {
    link found = in->links.items[at];
    at = found.next;
    if (found.step != step && !r->ir->steps.items[found.step].dropped)
      visit(ctx, found.step);
  }
}

void relate_each(relate *r, uint32_t number, upk_str entry,
                 void (*visit)(void *ctx, uint32_t other), void *ctx) {
  update(r);
  const ir_object *object = &r->ir->steps.items[number].object;
  const ir_kind *kind = object->kind;
  upk_str suffix;
  upk_str action = relate_split(entry, &suffix);
  upk_str names[RELATE_KEYS_MAX];
  upk_buf key = {0};
  if (!suffix.data) {
    make_key(&key, action, kind->name, object->name, object->name_count);
    visit_chain(r, &r->own, &key, number, visit, ctx);
  } else if (upk_str_is(suffix, "children")) {
    make_key(&key, action, kind->name, object->name, object->name_count);
    visit_chain(r, &r->parents, &key, number, visit, ctx);
    if (kind->single && object->name_count) {
      make_key(&key, action, kind->name, NULL, 0);
      visit_chain(r, &r->parents, &key, number, visit, ctx);
    }
  } else if (upk_str_is(suffix, "parent")) {
    for (size_t i = 0; i < kind->parent_count; i++) {
      ir_object parent = {0};
      size_t count = relate_parent(r->ir, object, kind->parents[i].kind, names);
      if (kind->parents[i].keys.len == 0) {
        ir_kind *single = ir_kind_find(r->ir->engine, kind->parents[i].kind);
        if (!single || !relate_parent_object(r->ir, object, single, &parent))
          continue;
      } else {
        parent.name = names;
        parent.name_count = count;
        if (!count)
          continue;
      }
      make_key(&key, action, kind->parents[i].kind, parent.name,
               parent.name_count);
      visit_chain(r, &r->own, &key, number, visit, ctx);
    }
  }
  upk_buf_free(&key);
}

static bool text_of(const node *item, upk_str *ret_text) {
  if (item->type != NODE_TEXT && item->type != NODE_PLAIN)
    return false;
  *ret_text = item->text;
  return true;
}

size_t relate_entries(const ir *ir, const ir_action *action, const char *key,
                      const upk_str **ret_entries) {
  const node *list = node_find(action->definition, key);
  if (!list || list->type != NODE_LIST || !list->list.count)
    return 0;
  upk_str *entries = UPK_NEW_ARRAY(ir->arena, upk_str, list->list.count);
  size_t count = 0;
  for (size_t i = 0; i < list->list.count; i++)
    if (text_of(list->list.items[i], &entries[count]))
      count++;
  *ret_entries = entries;
  return count;
}
