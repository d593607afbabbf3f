#include "front/lua/lua.h"

#include <upkeep/compile.h>

#include "front/front.h"
#include "stdlib/stdlib.h"

typedef struct lua_file {
  ir *ir;
  script_host host;
  const ir_pack *pack; /* whose file it is, or NULL */
  size_t declared;
} lua_file;

/* ---- require "upkeep" ---- */

static bool name_known(const ir_names *names, upk_str name) {
  for (size_t i = 0; i < names->len; i++)
    if (upk_str_equal(names->items[i], name))
      return true;
  return false;
}

/* Names of the actions of every engine, each once. */
static ir_names action_names(const ir *ir) {
  ir_names names = {0};
  for (size_t i = 0; i < ir->engines.len; i++)
    for (size_t j = 0; j < ir->engines.items[i]->actions.len; j++) {
      upk_str name = ir->engines.items[i]->actions.items[j]->name;
      if (!name_known(&names, name))
        *UPK_PUSH(ir->arena, &names) = name;
    }
  return names;
}

/* The module as text. An empty `with` is left out, as one would in YAML. */
static upk_str builders(const ir *ir) {
  static const char begin[] =
      "local m = {}\n"
      "for name, value in pairs(u) do m[name] = value end\n"
      "local function builder(name)\n"
      "  return function(with)\n"
      "    if with ~= nil and type(with) ~= 'table' then\n"
      "      error('u.' .. name .. ' takes a table of parameters', 2)\n"
      "    end\n"
      "    local given = false\n"
      "    for _ in pairs(with or {}) do given = true end\n"
      "    return { action = name, with = given and with or nil }\n"
      "  end\n"
      "end\n"
      "for _, name in ipairs {\n";
  ir_names names = action_names(ir);
  upk_buf out = {0};
  upk_buf_str(&out, UPK_STR(begin));
  for (size_t i = 0; i < names.len; i++)
    upk_buf_printf(&out, "  '%.*s',\n", UPK_FMT(names.items[i]));
  upk_buf_str(&out, UPK_STR("} do m[name] = builder(name) end\nreturn m\n"));
  upk_str text = upk_arena_copy(ir->arena, upk_buf_view(&out));
  upk_buf_free(&out);
  return text;
}

/* A pack's files see each other and nothing else of the project. */
static bool find_in_pack(const lua_file *file, upk_str *path,
                         upk_str *ret_text) {
  for (size_t i = 0; i < file->pack->files.len; i++)
    if (upk_str_equal(file->pack->files.items[i].path, *path)) {
      *ret_text = file->pack->files.items[i].text;
      *path = upk_arena_printf(file->ir->arena, "%.*s%.*s",
                               UPK_FMT(file->pack->folder), UPK_FMT(*path));
      return true;
    }
  return false;
}

/* Modules: the builders; std/NAME of the program; NAME.lua of the project, or
 * of the pack. */
static bool find_module(void *ctx, upk_str name, upk_str *ret_path,
                        upk_str *ret_text) {
  lua_file *file = ctx;
  ir *ir = file->ir;
  bool large;
  if (upk_str_is(name, "upkeep")) {
    *ret_path = UPK_STR("upkeep");
    *ret_text = builders(ir);
    return true;
  }
  *ret_path = upk_arena_printf(ir->arena, "%.*s.lua", UPK_FMT(name));
  if (upk_str_starts(name, "std/")) {
    upk_str path =
        upk_arena_printf(ir->arena, "policies/%s", ret_path->data + 4);
    return stdlib_file(ir, path, ret_text);
  }
  if (file->pack != NULL)
    return find_in_pack(file, ret_path, ret_text);
  if (!ir->source->read(ir->source->ctx, *ret_path, FRONT_FILE_BYTES, ir->arena,
                        ret_text, &large))
    return false;
  for (size_t i = 0; i < ir->files.len; i++)
    if (upk_str_equal(ir->files.items[i].path, *ret_path))
      return true; /* another policy file requires it too */
  front_file_seen(ir, *ret_path, *ret_text);
  return true;
}

/* ---- policy(...) ---- */

static void declared(void *ctx, upk_str global, node **arguments, size_t count,
                     upk_span span) {
  lua_file *file = ctx;
  bool named = count == 2 && arguments[0]->type == NODE_TEXT;
  const node *policy = arguments[count - 1];
  file->declared++;
  if ((count != 1 && !named) || policy->type != NODE_MAP) {
    upk_diag_add(file->ir->diags, 1309, span,
                 "%.*s takes a name and a table, or a table with a name",
                 UPK_FMT(global));
    file->ir->policies_lost = true;
    return;
  }
  front_policy(file->ir, policy, named ? arguments[0]->text : UPK_NO_STR);
}

/* u.rebuld_index: what was meant? */
static void misspelt(void *ctx, upk_diag *diag, upk_str name) {
  lua_file *file = ctx;
  ir_names names = action_names(file->ir);
  *UPK_PUSH(file->ir->arena, &names) = UPK_STR("policy");
  *UPK_PUSH(file->ir->arena, &names) = UPK_STR("require");
  upk_diag_suggest(file->ir->diags, diag, name, names.items, names.len);
}

void front_lua(ir *ir, upk_str path, upk_str text) {
  static const char *const globals[] = {"policy", NULL};
  lua_file *file = UPK_NEW(ir->arena, lua_file);
  file->ir = ir;
  file->pack = ir->overlay == NULL ? NULL : ir->overlay->pack;
  file->host =
      (script_host){file, find_module, NULL, declared, globals, misspelt};
  script *s = script_new(ir->arena, ir->diags, &file->host, NULL);
  *UPK_PUSH(ir->arena, &ir->scripts) = s;
  bool good = script_run(s, path, text) != NULL;
  ir->policies_lost = ir->policies_lost || !good;
  if (good && !file->declared)
    upk_diag_add(
        ir->diags, 1311,
        (upk_span){upk_diags_source(ir->diags, path, text), 1, 1, 1, 2},
        "the file declares no policy");
}
