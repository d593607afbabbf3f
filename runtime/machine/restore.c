/* Values that outlive the process: what the log must hold of a step so that
 * another process can validate, clean up and undo it, and the way back. */
#include <string.h>

#include "cell.h"
#include "machine/private.h"

/* ---- what is kept ---- */

static bool in_params(const plan_query *query, upk_str name) {
  for (size_t i = 0; i < query->param_count; i++)
    if (query->params[i].from.data &&
        upk_str_equal(query->params[i].from, name))
      return true;
  return false;
}

static bool in_statements(const plan_statements *statements, upk_str name) {
  for (size_t i = 0; i < statements->count; i++) {
    const plan_batch *batch = statements->items[i].batch;
    if (in_params(&statements->items[i].query, name) ||
        (batch && in_statements(&batch->run, name)))
      return true;
  }
  return false;
}

/* As a word of an expression; one that only looks so is kept needlessly. */
static bool in_text(upk_str text, upk_str name) {
  for (size_t i = 0; i + name.len <= text.len; i++)
    if (memcmp(text.data + i, name.data, name.len) == 0)
      return true;
  return false;
}

static bool in_check(const plan_check *check, upk_str name) {
  if (check->expect.data && in_text(check->expect, name))
    return true;
  for (size_t i = 0; i < check->query_count; i++)
    if (in_params(&check->queries[i], name))
      return true;
  return false;
}

static bool wanted(const plan_step *p, upk_str name) {
  for (size_t i = 0; i < p->post.count; i++)
    if (in_check(&p->post.items[i], name))
      return true;
  return in_statements(&p->undo, name) || in_statements(&p->cleanup, name) ||
         (p->has_probe && in_check(&p->probe_done, name)) ||
         (p->has_partial && in_check(&p->probe_partial, name));
}

void restore_keep(const step *s, upk_str name, upk_json_writer *obs) {
  const cells *all = &s->returns.items[s->returns.len - 1].values;
  upk_arena *scratch = upk_arena_new(NULL);
  cells kept = {0};
  for (size_t i = 0; i < all->len; i++)
    if (wanted(s->plan, upk_arena_printf(scratch, "%.*s.%.*s", UPK_FMT(name),
                                         UPK_FMT(all->items[i].name))))
      *UPK_PUSH(scratch, &kept) = all->items[i];
  if (kept.len) {
    upk_json_key(obs, "returned");
    upk_json_begin_object(obs);
    upk_json_key_str(obs, name);
    record_cells(obs, &kept);
    upk_json_end_object(obs);
  }
  upk_arena_free(scratch);
}

/* ---- the way back ---- */

static const plan_column *declared(const plan_step *p, upk_str name) {
  for (size_t i = 0; i < p->pre.count; i++)
    for (size_t j = 0; j < p->pre.items[i].column_count; j++)
      if (upk_str_equal(p->pre.items[i].columns[j].name, name))
        return &p->pre.items[i].columns[j];
  return NULL;
}

static void restore_list(upk_arena *arena, const upk_json *value, cell *c) {
  upk_str *items = UPK_NEW_ARRAY(arena, upk_str, upk_json_count(value) + 1);
  for (size_t i = 0; i < upk_json_count(value); i++)
    items[i] = upk_arena_copy(arena, upk_json_at(value, i)->string);
  c->type = UPK_TYPE_LIST;
  c->list = (upk_list){items, upk_json_count(value)};
}

static void restore_value(upk_arena *arena, const upk_json *value,
                          const plan_column *column, cell *c) {
  static const upk_type types[] = {
      [UPK_JSON_NULL] = UPK_TYPE_NULL,  [UPK_JSON_BOOL] = UPK_TYPE_BOOL,
      [UPK_JSON_INT] = UPK_TYPE_INT,    [UPK_JSON_STRING] = UPK_TYPE_TEXT,
      [UPK_JSON_ARRAY] = UPK_TYPE_LIST, [UPK_JSON_OBJECT] = UPK_TYPE_NULL,
  };
  c->type = column ? column->type : types[value->type];
  c->null = types[value->type] == UPK_TYPE_NULL;
  if (value->type == UPK_JSON_ARRAY) {
    restore_list(arena, value, c);
  } else if (value->type == UPK_JSON_BOOL) {
    c->integer = value->boolean;
  } else if (value->type == UPK_JSON_INT) {
    c->integer = value->integer;
  } else if (value->type == UPK_JSON_STRING && c->type == UPK_TYPE_TEXT) {
    c->text = upk_arena_copy(arena, value->string);
  } else if (value->type == UPK_JSON_STRING) { /* of 2^53 or more */
    c->null = !upk_cell_integer(&(upk_cell_value){value->string, 0, false},
                                c->type, &c->integer);
  }
}

static void restore_cells(upk_arena *arena, const upk_json *object,
                          const plan_step *p, cells *set) {
  for (size_t i = 0; i < upk_json_count(object); i++) {
    const upk_json_member *member = &object->object.members[i];
    cell *c = UPK_PUSH(arena, set);
    c->name = upk_arena_copy(arena, member->key);
    restore_value(arena, member->value, p ? declared(p, c->name) : NULL, c);
  }
}

static void restore_returned(step *s, const upk_json *object) {
  for (size_t i = 0; i < upk_json_count(object); i++) {
    const upk_json_member *member = &object->object.members[i];
    returned *kept = UPK_PUSH(s->arena, &s->returns);
    kept->name = upk_arena_copy(s->arena, member->key);
    restore_cells(s->arena, member->value, NULL, &kept->values);
  }
}

/* Canonical documents end in a newline. */
static const upk_json *parse(upk_arena *arena, upk_str text) {
  upk_json_error error;
  return upk_json_parse(arena, upk_arena_printf(arena, "%.*s\n", UPK_FMT(text)),
                        &error);
}

void value_restore(machine *m, step *s) {
  const machine_past *past = s->past;
  upk_str rest = past->returned;
  s->restored = true;
  if (!s->arena)
    s->arena = upk_arena_new(NULL);
  upk_arena_reset(m->scratch);
  if (past->before.data)
    restore_cells(s->arena, parse(m->scratch, past->before), s->plan,
                  &s->before);
  while (rest.data && rest.len) {
    upk_str line = upk_str_split(rest, '\n', &rest);
    if (line.len)
      restore_returned(s, parse(m->scratch, line));
  }
}
