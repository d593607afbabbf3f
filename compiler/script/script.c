/* The life of an interpreter: memory, budget, the one way in, diagnostics. */
#include <stdio.h>
#include <string.h>

#include "private.h"

enum {
  DEFAULT_UNITS = 50000000,
  DEFAULT_BYTES = 64 * 1024 * 1024,
  BYTES_PER_UNIT = 16, /* copying costs too: see spend */
  TEXT_FREE = 16384,   /* bytes of a text that any instruction may compare */
  TEXT_PER_UNIT = 1024,
  CALLERS_MAX = 4,
  DEEP_STACK = 10000, /* calls; memory went into them, not into data */
  SPAN_MAX = 100,     /* columns to mark */
  MESSAGE_MAX = 400,
};

script *script_of(lua_State *lua) { return *(script **)lua_getextraspace(lua); }

/* ---- budget and memory ---- */

static void on_count(lua_State *lua, lua_Debug *event);

/* Takes units. When they are used up, the hook is set so that the next
 * instruction of Lua raises the error: an allocator itself cannot. */
static bool spend(script *s, size_t units) {
  if (s->unpaid)
    return true;
  s->left -= (int64_t)units;
  s->call_left -= (int64_t)units;
  if (s->left >= 0 && s->call_left >= 0)
    return true;
  if (!s->exhausted && s->lua)
    lua_sethook(s->lua, on_count, LUA_MASKCOUNT, 1);
  s->exhausted = true;
  return false;
}

static int out_of_budget(lua_State *lua) {
  return script_fail(lua, 1302,
                     "the script used up its budget of instructions");
}

static void on_count(lua_State *lua, lua_Debug *event) {
  script *s = script_of(lua);
  (void)event;
  if (!spend(s, SCRIPT_HOOK_STEP * s->step_cost))
    out_of_budget(lua);
}

void script_charge(lua_State *lua, size_t units) {
  if (!spend(script_of(lua), units))
    out_of_budget(lua);
}

/* Notes why and where, in case Lua makes an error of it. */
static void *deny(script *s, script_denied why) {
  s->denied = why;
  if (!s->lua)
    return NULL;
  lua_Debug frame;
  if (lua_getstack(s->lua, DEEP_STACK, &frame))
    s->denied = SCRIPT_DENIED_STACK;
  s->denied_at = script_where(s->lua);
  return NULL;
}

/* Comparing two texts is one instruction, and Lua has no hook for it. So once
 * a script has made a large text, each of its instructions costs what it could
 * cost to compare it. */
static void note_text(script *s, size_t size) {
  size_t cost = size > TEXT_FREE ? 1 + size / TEXT_PER_UNIT : 1;
  if (cost > s->step_cost && !s->unpaid)
    s->step_cost = cost;
}

/* lua_Alloc. Every byte costs budget, since one instruction may copy a
 * megabyte. For a new object Lua gives its type as `old`. */
static void *allocate(void *ctx, void *ptr, size_t old, size_t size) {
  script *s = ctx;
  size_t had = ptr ? old : 0;
  if (!size) {
    s->used_bytes -= had;
    return script_pool_resize(&s->pool, ptr, had, 0);
  }
  if (size > had) {
    spend(s, (size - had) / BYTES_PER_UNIT);
    if (!ptr && old == LUA_TSTRING && size > SCRIPT_STRING_MAX + 64)
      return deny(s, SCRIPT_DENIED_STRING);
    if (size - had > s->cap_bytes - s->used_bytes)
      return deny(s, SCRIPT_DENIED_MEMORY);
  }
  void *block = script_pool_resize(&s->pool, ptr, had, size);
  if (!block && size > had)
    return deny(s, SCRIPT_DENIED_MEMORY);
  if (!ptr && old == LUA_TSTRING)
    note_text(s, size);
  if (!block)
    return ptr; /* a block that cannot shrink stays as it is */
  s->used_bytes += size - had;
  return block;
}

/* ---- places ---- */

/* Where line `line` of a source begins. The last answer is kept: places mostly
 * come in ascending order, and a policy in a loop is at one line. */
static size_t line_begin(script *s, upk_str text, uint32_t source, long line) {
  if (s->line_source != source || line < s->line || !s->line) {
    s->line_source = source;
    s->line = 1;
    s->line_offset = 0;
  }
  while (s->line < line) {
    const char *from = text.data + s->line_offset;
    const char *end = memchr(from, '\n', text.len - s->line_offset);
    if (!end)
      return text.len;
    s->line_offset += (size_t)(end - from) + 1;
    s->line++;
  }
  return s->line_offset;
}

size_t script_line_begin(script *s, uint32_t source, long line) {
  return line_begin(s, s->diags->sources.items[source].text, source, line);
}

upk_span script_line_span(script *s, uint32_t source, long line) {
  if (line < 1 || !source || source >= s->diags->sources.len)
    return UPK_NO_SPAN;
  upk_str text = s->diags->sources.items[source].text;
  if (!text.data)
    return (upk_span){source, (uint32_t)line, 1, (uint32_t)line, 2};
  size_t begin = line_begin(s, text, source, line), end = begin;
  while (begin < text.len &&
         (text.data[begin] == ' ' || text.data[begin] == '\t'))
    begin++;
  upk_str row = {text.data + begin, text.len - begin}, rest;
  row = upk_str_trim(upk_str_split(row, '\n', &rest));
  size_t width = row.len > SPAN_MAX ? SPAN_MAX : row.len ? row.len : 1;
  uint32_t column = (uint32_t)(begin - end) + 1;
  return (upk_span){source, (uint32_t)line, column, (uint32_t)line,
                    column + (uint32_t)width};
}

/* Chunks are named "=N" by the number of their source. */
static upk_span span_of(lua_State *lua, const char *name, long line) {
  if (name[0] != '=' || name[1] < '0' || name[1] > '9')
    return UPK_NO_SPAN;
  unsigned long source = 0;
  for (const char *at = name + 1; *at >= '0' && *at <= '9'; at++)
    source = source * 10 + (unsigned long)(*at - '0');
  return script_line_span(script_of(lua), (uint32_t)source, line);
}

upk_span script_where(lua_State *lua) {
  lua_Debug frame;
  for (int level = 0; lua_getstack(lua, level, &frame); level++) {
    lua_getinfo(lua, "Sl", &frame);
    if (frame.currentline > 0)
      return span_of(lua, frame.source, frame.currentline);
  }
  return UPK_NO_SPAN;
}

/* "12:3: text", as Lua begins its messages: source 12, line 3. */
static bool split_place(script *s, upk_str *message, upk_span *ret_span) {
  long numbers[2] = {0, 0};
  size_t at = 0;
  for (int part = 0; part < 2; part++) {
    size_t begin = at;
    while (at < message->len && at < begin + 9 && message->data[at] >= '0' &&
           message->data[at] <= '9')
      numbers[part] = numbers[part] * 10 + (message->data[at++] - '0');
    if (at == begin || at >= message->len || message->data[at++] != ':')
      return false;
  }
  if ((size_t)numbers[0] >= s->diags->sources.len)
    return false;
  *ret_span = script_line_span(s, (uint32_t)numbers[0], numbers[1]);
  *message = upk_str_trim((upk_str){message->data + at, message->len - at});
  return true;
}

/* ---- faults ---- */

int script_fail(lua_State *lua, int code, const char *format, ...) {
  script *s = script_of(lua);
  va_list arguments;
  char text[MESSAGE_MAX];
  s->fault = code;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  lua_pushstring(lua, text);
  return lua_error(lua);
}

/* Message handler of script_enter: the stack still stands. */
static int on_error(lua_State *lua) {
  script *s = script_of(lua);
  lua_Debug frame;
  if (lua_type(lua, 1) != LUA_TSTRING) {
    lua_pushfstring(lua, "an error was raised with a %s instead of a text",
                    luaL_typename(lua, 1));
    lua_replace(lua, 1);
  }
  for (int level = 0; lua_getstack(lua, level, &frame); level++) {
    lua_getinfo(lua, "Sl", &frame);
    if (s->callers.len > CALLERS_MAX)
      break; /* the stack may be very deep */
    if (frame.currentline <= 0)
      continue;
    *UPK_PUSH(s->arena, &s->callers) =
        span_of(lua, frame.source, frame.currentline);
  }
  lua_settop(lua, 1);
  return 1;
}

/* Faults that Lua knows by their words alone. */
static int code_of(script *s, int status, const char *message) {
  if (status == LUA_ERRMEM && s->denied == SCRIPT_DENIED_STACK)
    return 1308;
  if (status == LUA_ERRMEM)
    return s->exhausted ? 1302 : 1303;
  if (s->fault)
    return s->fault;
  if (status == LUA_ERRERR || strstr(message, "stack overflow"))
    return 1308;
  return 1301;
}

/* Lua's text may hold anything: what is no printable ASCII becomes '?', and
 * only its first line counts. */
static upk_str clean(script *s, const char *message) {
  size_t len = strcspn(message, "\n");
  char text[MESSAGE_MAX];
  if (len >= sizeof text)
    len = sizeof text - 1;
  for (size_t i = 0; i < len; i++)
    text[i] = message[i] < ' ' || message[i] > '~' ? '?' : message[i];
  return upk_arena_copy(s->diags->arena, (upk_str){text, len});
}

static upk_str words_of(script *s, int code, upk_str message) {
  if (code == 1302)
    return UPK_STR("the script used up its budget of instructions");
  if (code == 1308)
    return UPK_STR("calls or brackets are nested too deep");
  if (code != 1303 || s->fault)
    return message;
  return s->denied == SCRIPT_DENIED_STRING
             ? UPK_STR("a text grew over 1 MiB")
             : UPK_STR("the script wants more memory than it may have");
}

/* "attempt to call a nil value (field 'rebuld_index')" */
static void help_with_nil(script *s, upk_diag *diag, upk_str message) {
  upk_str name = UPK_NO_STR, rest;
  const char *advice = script_advice(message.data);
  if (advice)
    upk_diag_help(s->diags, diag, "%s", advice);
  if (advice || !s->host->misspelt || !strstr(message.data, "nil value ("))
    return;
  upk_str_split(message, '\'', &name);
  if (name.data)
    s->host->misspelt(s->host->ctx, diag, upk_str_split(name, '\'', &rest));
}

static void report(script *s, int status, const char *raw) {
  upk_str message = clean(s, raw);
  upk_span span = UPK_NO_SPAN;
  int code = code_of(s, status, message.data);
  if (status == LUA_ERRMEM)
    span = s->denied_at;
  else if (!split_place(s, &message, &span) && s->callers.len)
    span = s->callers.items[0];
  if (!span.line)
    span = (upk_span){s->source, 1, 1, 1, 2};
  if (code == 1302 || code == 1303)
    s->exhausted = true;
  upk_str words = words_of(s, code, message);
  upk_diag *diag = upk_diag_add(s->diags, code, span, "%.*s", UPK_FMT(words));
  for (size_t i = 0; i < s->callers.len && status != LUA_ERRMEM; i++) {
    upk_span at = s->callers.items[i];
    if (i < CALLERS_MAX && code != 1308 && at.line &&
        (at.line != span.line || at.source != span.source))
      upk_diag_label(s->diags, diag, at, "called from here");
  }
  help_with_nil(s, diag, message);
}

uint64_t script_entries(const script *s) { return s->entries; }

bool script_enter(script *s, lua_CFunction work, void *argument) {
  if (!s->lua || (s->exhausted && !s->depth))
    return false;
  lua_State *lua = s->lua;
  int top = lua_gettop(lua);
  s->entries++;
  if (!s->depth++)
    s->call_left = s->call_units;
  s->fault = 0;
  s->unpaid = false; /* an error may have left it */
  s->denied = SCRIPT_DENIED_NOTHING;
  s->callers.len = 0;
  lua_pushcfunction(lua, on_error);
  lua_pushcfunction(lua, work);
  lua_pushlightuserdata(lua, argument);
  int status = lua_pcall(lua, 1, 0, top + 1);
  if (status != LUA_OK &&
      !(status == LUA_ERRRUN && s->fault == SCRIPT_REFUSED)) {
    const char *message = lua_tostring(lua, -1);
    report(s, status, message ? message : "");
  }
  lua_settop(lua, top);
  s->depth--;
  return status == LUA_OK;
}

/* ---- life ---- */

static int open_all(lua_State *lua) {
  lua_newtable(lua);
  script_open_base(lua);
  script_open_string(lua);
  script_open_table(lua);
  script_open_helpers(lua);
  script_open_host(lua);
  lua_pushvalue(lua, -1);
  lua_setfield(lua, -2, "_G");
  lua_rawseti(lua, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  return 0;
}

script *script_new(upk_arena *arena, upk_diags *diags, const script_host *host,
                   const script_limits *limits) {
  static const script_limits none;
  const script_limits *given = limits ? limits : &none;
  script *s = UPK_NEW(arena, script);
  s->arena = arena;
  upk_map_init(&s->keys, arena);
  s->diags = diags;
  s->host = host;
  /* One that is given sees every block: so tests refuse each in turn. */
  s->pool.small_max = given->allocator ? 0 : SCRIPT_POOL_SMALL;
  s->pool.allocator =
      given->allocator ? given->allocator : upk_allocator_libc();
  s->step_cost = 1;
  s->left = INT64_MAX;
  s->call_left = s->call_units = INT64_MAX;
  s->cap_bytes = given->memory_bytes ? given->memory_bytes : DEFAULT_BYTES;
  s->lua = lua_newstate(allocate, s);
  if (!s->lua) {
    upk_diag_add(diags, 1303, UPK_NO_SPAN, "no memory to begin a script");
    return s;
  }
  *(script **)lua_getextraspace(s->lua) = s;
  lua_gc(s->lua, LUA_GCINC, 400, 0, 0);
  s->opened = script_enter(s, open_all, NULL);
  s->left = given->instructions ? (int64_t)given->instructions : DEFAULT_UNITS;
  if (given->call_instructions)
    s->call_units = (int64_t)given->call_instructions;
  lua_sethook(s->lua, on_count, LUA_MASKCOUNT, SCRIPT_HOOK_STEP);
  return s;
}

void script_free(script *s) {
  if (!s)
    return;
  if (s->lua)
    lua_close(s->lua);
  script_pool_free(&s->pool);
  upk_buf_free(&s->text);
  s->lua = NULL;
}

void script_set_dialect(script *s, int dialect) { s->dialect = dialect; }

/* ---- running and calling ---- */

typedef struct chunk_job {
  script *script;
  upk_str path, text;
  node *result;
} chunk_job;

static int run_chunk(lua_State *lua) {
  chunk_job *job = lua_touserdata(lua, 1);
  script_push_chunk(lua, job->path, job->text);
  lua_call(lua, 0, 1);
  if (job->script->host->globals)
    job->result = UPK_NEW(job->script->arena, node);
  else
    job->result =
        script_to_node(lua, -1, job->script->arena,
                       (upk_span){job->script->source, 1, 1, 1, 2}, true);
  return 0;
}

node *script_run(script *s, upk_str path, upk_str text) {
  chunk_job job = {s, path, text, NULL};
  bool large = text.len > SCRIPT_SOURCE_MAX; /* its lines help nobody */
  s->source = upk_diags_source(s->diags, path, large ? UPK_NO_STR : text);
  s->declarations.len = 0;
  if (!s->opened)
    return NULL;
  bool good = script_enter(s, run_chunk, &job);
  for (size_t i = 0; i < s->declarations.len && s->host->declared; i++) {
    script_declaration *d = &s->declarations.items[i];
    s->host->declared(s->host->ctx, d->global, d->arguments, d->count, d->span);
  }
  return good ? job.result : NULL;
}

typedef struct call_job {
  const node *function;
  const node *const *arguments;
  size_t count;
  upk_arena *arena;
  node *result;
} call_job;

static int call_function(lua_State *lua) {
  call_job *job = lua_touserdata(lua, 1);
  lua_rawgeti(lua, LUA_REGISTRYINDEX, job->function->function.reference);
  luaL_checkstack(lua, (int)job->count + 8, "too many arguments");
  for (size_t i = 0; i < job->count; i++)
    script_push_node(lua, job->arguments[i]);
  lua_call(lua, (int)job->count, 1);
  job->result = script_to_node(lua, -1, job->arena, job->function->span, false);
  return 0;
}

node *script_call(script *s, const node *function, const node *const *arguments,
                  size_t count, upk_arena *arena) {
  call_job job = {function, arguments, count, arena, NULL};
  return script_enter(s, call_function, &job) ? job.result : NULL;
}
