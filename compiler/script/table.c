/* Arguments of calls, filled field by field (script.h): the fast path from
 * columns of facts to a function. */
#include <string.h>

#include "private.h"

typedef enum field_type {
  FIELD_NULL,
  FIELD_INT,
  FIELD_TEXT,
  FIELD_BOOL,
  FIELD_NODE,
} field_type;

typedef struct field {
  const char *key;
  field_type type;
  union {
    int64_t integer;
    bool boolean;
    upk_str text;
    const node *node;
  };
} field;

struct script_table {
  script *script;
  UPK_VEC(field) fields;
  size_t next; /* where the next key probably stands */
};

script_table *script_table_new(script *s) {
  script_table *t = UPK_NEW(s->arena, script_table);
  t->script = s;
  return t;
}

/* Callers set the same keys in the same order, so the guess is right but for
 * the first object. */
static field *field_of(script_table *t, const char *key) {
  if (t->next >= t->fields.len)
    t->next = 0;
  if (t->next < t->fields.len && t->fields.items[t->next].key == key)
    return &t->fields.items[t->next++];
  for (size_t i = 0; i < t->fields.len; i++) {
    if (t->fields.items[i].key != key &&
        strcmp(t->fields.items[i].key, key) != 0)
      continue;
    t->next = i + 1;
    return &t->fields.items[i];
  }
  field *added = UPK_PUSH(t->script->arena, &t->fields);
  added->key = key;
  t->next = t->fields.len;
  return added;
}

void script_table_set_int(script_table *t, const char *key, int64_t value) {
  field *f = field_of(t, key);
  f->type = FIELD_INT;
  f->integer = value;
}

void script_table_set_text(script_table *t, const char *key, upk_str value) {
  field *f = field_of(t, key);
  f->type = value.data ? FIELD_TEXT : FIELD_NULL;
  f->text = value;
}

void script_table_set_bool(script_table *t, const char *key, bool value) {
  field *f = field_of(t, key);
  f->type = FIELD_BOOL;
  f->boolean = value;
}

void script_table_set_null(script_table *t, const char *key) {
  field_of(t, key)->type = FIELD_NULL;
}

void script_table_set_node(script_table *t, const char *key,
                           const node *value) {
  field *f = field_of(t, key);
  f->type = value ? FIELD_NODE : FIELD_NULL;
  f->node = value;
}

static void push_field(lua_State *lua, const field *f) {
  switch (f->type) {
  case FIELD_NULL:
    lua_pushnil(lua);
    return;
  case FIELD_INT:
    lua_pushinteger(lua, f->integer);
    return;
  case FIELD_TEXT:
    lua_pushlstring(lua, f->text.data, f->text.len);
    return;
  case FIELD_BOOL:
    lua_pushboolean(lua, f->boolean);
    return;
  case FIELD_NODE:
    script_push_node(lua, f->node);
    return;
  }
}

static void push_table(lua_State *lua, const script_table *t) {
  lua_createtable(lua, 0, (int)t->fields.len);
  for (size_t i = 0; i < t->fields.len; i++) {
    if (t->fields.items[i].type == FIELD_NULL)
      continue;
    lua_pushstring(lua, t->fields.items[i].key);
    push_field(lua, &t->fields.items[i]);
    lua_rawset(lua, -3);
  }
}

typedef struct tables_job {
  const node *function;
  script_table *const *tables;
  size_t count;
  upk_arena *arena; /* NULL: a predicate */
  node *result;
  upk_truth truth;
} tables_job;

static void push_call(lua_State *lua, const tables_job *job) {
  luaL_checkstack(lua, (int)job->count + 8, "too many arguments");
  lua_rawgeti(lua, LUA_REGISTRYINDEX, job->function->function.reference);
  script_of(lua)->unpaid = true;
  for (size_t i = 0; i < job->count; i++)
    push_table(lua, job->tables[i]);
  script_of(lua)->unpaid = false;
  lua_call(lua, (int)job->count, 1);
}

static int call_tables(lua_State *lua) {
  tables_job *job = lua_touserdata(lua, 1);
  push_call(lua, job);
  job->result = script_to_node(lua, -1, job->arena, job->function->span, false);
  return 0;
}

node *script_call_tables(script *s, const node *function,
                         script_table *const *tables, size_t count,
                         upk_arena *arena, upk_str *ret_refusal) {
  tables_job job = {function, tables, count, arena, NULL, UPK_UNKNOWN};
  s->refusal = ret_refusal;
  bool good = script_enter(s, call_tables, &job);
  s->refusal = NULL;
  return good ? job.result : NULL;
}

static int call_predicate(lua_State *lua) {
  tables_job *job = lua_touserdata(lua, 1);
  push_call(lua, job);
  if (lua_isnil(lua, -1))
    job->truth = UPK_UNKNOWN;
  else if (lua_isboolean(lua, -1))
    job->truth = lua_toboolean(lua, -1) ? UPK_TRUE : UPK_FALSE;
  else
    script_fail(lua, 1310, "the function gives a %s, not true, false or nil",
                luaL_typename(lua, -1));
  return 0;
}

upk_truth script_predicate(script *s, const node *function,
                           script_table *object, bool *ret_failed) {
  tables_job job = {function, &object, 1, NULL, NULL, UPK_UNKNOWN};
  if (script_enter(s, call_predicate, &job))
    return job.truth;
  *ret_failed = true;
  return UPK_UNKNOWN;
}
