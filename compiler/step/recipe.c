#include "step/recipe.h"

#include "check/argument.h"
#include "step/step.h"
#include "timefmt.h"

step_recipes *step_recipes_of(ir *ir) {
  if (ir->recipes)
    return ir->recipes;
  ir->recipes = UPK_NEW(ir->arena, step_recipes);
  ir->recipes->scratch = upk_arena_new(NULL);
  upk_map_init(&ir->recipes->by_key, ir->arena);
  upk_map_init(&ir->recipes->expects, ir->arena);
  upk_map_init(&ir->recipes->queries, ir->arena);
  ir->recipes->learned = learned_read(ir);
  return ir->recipes;
}

void step_recipes_free(ir *ir) {
  if (ir->recipes)
    upk_arena_free(ir->recipes->scratch);
  ir->recipes = NULL;
}

convert recipe_convert(ir *ir, const step_recipe *recipe, upk_str step) {
  return (convert){.arena = ir->arena,
                   .diags = ir->diags,
                   .code = 1520,
                   .span = recipe->action->span,
                   .subject = recipe->subject,
                   .step = step,
                   .texts = &step_recipes_of(ir)->expects};
}

/* ---- parts that may be functions ---- */

void recipe_undo(convert *c, const node *value, ir_step *step) {
  static const char *const keys[] = {"class", "why", "steps", NULL};
  static const char *const classes[] = {"inverse", "restore", "none", NULL};
  if (!convert_keys(c, value, "`undo`", keys))
    return;
  upk_str class = convert_text(c, node_find(value, "class"), "undo's `class`");
  bool known = false;
  for (size_t i = 0; classes[i]; i++)
    known = known || upk_str_is(class, classes[i]);
  if (class.data && !known)
    convert_refuse(c, value, "there is no class of undo `%.*s`",
                   UPK_FMT(class));
  step->undo_class = class;
  const node *why = node_find(value, "why");
  if (why)
    step->undo_why = convert_text(c, why, "undo's `why`");
  convert_statements(c, node_find(value, "steps"), "undo's `steps`",
                     &step->undo.items, &step->undo.len);
  step->undo.cap = step->undo.len;
  bool none = upk_str_is(class, "none");
  if (none && !step->undo_why.len)
    convert_refuse(c, value, "an undo of class none must say `why`");
  if (!none && known && !step->undo.len)
    convert_refuse(c, value, "an undo of class %.*s must have `steps`",
                   UPK_FMT(class));
}

void recipe_probe(convert *c, const node *value, ir_step *step) {
  static const char *const keys[] = {"done", "partial", "cleanup", NULL};
  if (value->type == NODE_NULL || !convert_keys(c, value, "`probe`", keys))
    return;
  step->has_probe = true;
  step->probe_done =
      convert_check(c, node_find(value, "done"), "probe's `done`", false);
  const node *partial = node_find(value, "partial");
  step->has_partial = partial != NULL;
  if (partial)
    step->probe_partial = convert_check(c, partial, "probe's `partial`", false);
  convert_statements(c, node_find(value, "cleanup"), "probe's `cleanup`",
                     &step->cleanup.items, &step->cleanup.len);
  step->cleanup.cap = step->cleanup.len;
}

/* The member as a function, or NULL with *ret_value set to what stands
 * there. */
static const node *function_of(const node *map, const char *key,
                               const node **ret_value) {
  const node *value = node_find(map, key);
  *ret_value = value && value->type != NODE_FUNCTION ? value : NULL;
  return value && value->type == NODE_FUNCTION ? value : NULL;
}

static void read_parts(ir *ir, step_recipe *recipe) {
  const node *map = recipe->action->definition;
  const node *value;
  ir_step *like = &recipe->like;
  convert c = recipe_convert(ir, recipe, UPK_NO_STR);
  recipe->plan = function_of(map, "plan", &value);
  recipe->atomicity = function_of(map, "atomicity", &value);
  if (value)
    like->atomicity = convert_atomicity(&c, value);
  recipe->risk = function_of(map, "risk", &value);
  if (value)
    convert_risk(&c, value, &like->risk);
  recipe->locks = function_of(map, "locks", &value);
  if (value) {
    convert_locks(&c, value, &like->locks.items, &like->locks.len);
    like->locks.cap = like->locks.len;
  }
  recipe->undo = function_of(map, "undo", &value);
  if (value)
    recipe_undo(&c, value, like);
  recipe->probe = function_of(map, "probe", &value);
  if (value)
    recipe_probe(&c, value, like);
  recipe->estimate = function_of(map, "estimate", &value);
  like->estimate = convert_estimate(&c, value);
  recipe->failed = c.failed;
}

/* After the parameters are known: `post` may be a function of them. */
static void read_post(ir *ir, step_recipe *recipe) {
  static const char *const words[] = {"holds", "not_broken", "improves", "own",
                                      NULL};
  const ir_action *action = recipe->action;
  const node *post = node_find(action->definition, "post");
  const node *within = node_find(action->definition, "post_within");
  int64_t within_us = 0;
  if (post && post->type == NODE_FUNCTION)
    post = script_call_tables(action->script, post, &recipe->arguments, 1,
                              ir->arena, NULL);
  convert c = recipe_convert(ir, recipe, UPK_NO_STR);
  upk_str word = UPK_NO_STR;
  if (post)
    word = convert_word(&c, post, "`post`", words);
  recipe->failed = !word.data;
  for (size_t i = 0; word.data && words[i]; i++)
    if (upk_str_is(word, words[i]))
      recipe->post = (step_post)i;
  if (within && upk_duration_parse(within->text, &within_us))
    recipe->post_within_ms = within_us / 1000;
}

/* ---- limits ---- */

/* Longest run of a step whose statement must not have a lock timeout, because
 * it waits for old snapshots after its work is done (mechanics 2). */
#define UNTIMED_MAX_MS (INT64_C(4) * 3600 * 1000)

void recipe_limits(const step_recipe *recipe, bool lock, ir_step *step) {
  static const ir_limits own = {.lock_timeout_us = INT64_C(1000) * 1000,
                                .lock_wait_us = INT64_C(60) * 1000 * 1000,
                                .max_blocking_us = INT64_C(1000) * 1000};
  const ir_limits *limits = recipe->policy ? &recipe->policy->limits : &own;
  step->statement_ms = limits->statement_timeout_us / 1000;
  step->max_ms = limits->max_duration_us / 1000;
  step->lock_ms = limits->lock_timeout_us / 1000;
  step->blocking_ms = limits->max_blocking_us / 1000;
  step->wait_ms = limits->lock_wait_us / 1000;
  step->readers_ms = 0;
  if (lock)
    return;
  step->lock_ms = 0;
  step->readers_ms = limits->reader_wait_us / 1000;
  if (!step->max_ms)
    step->max_ms = UNTIMED_MAX_MS;
}

static void read_limits(step_recipe *recipe) {
  const node *timeouts = node_find(recipe->action->definition, "timeouts");
  const node *lock = NULL;
  if (timeouts)
    recipe->lock_timeout = function_of(timeouts, "lock", &lock);
  recipe_limits(recipe, !lock || lock->boolean, &recipe->like);
}

static step_recipe *make(ir *ir, const ir_policy *policy,
                         const ir_remedy *remedy, const ir_action *action,
                         ir_kind *kind) {
  step_recipe *recipe = UPK_NEW(ir->arena, step_recipe);
  *recipe = (step_recipe){
      .policy = policy, .remedy = remedy, .action = action, .kind = kind};
  recipe->scope = ir_scope_of(ir, ir->engine, kind);
  recipe->defaults.action.span = action->span;
  recipe->subject =
      upk_arena_printf(ir->arena, "action `%.*s`", UPK_FMT(action->name));
  read_parts(ir, recipe);
  read_limits(recipe);
  if (!recipe->failed && !remedy)
    recipe->failed = !argument_defaults(ir, action, &recipe->defaults);
  if (!recipe->failed)
    recipe->failed = !object_prepare(ir, recipe);
  if (!recipe->failed)
    read_post(ir, recipe);
  if (!recipe->failed && policy && remedy)
    recipe->failed = !invariant_prepare(ir, recipe);
  return recipe;
}

step_recipe *recipe_find(ir *ir, const ir_policy *policy,
                         const ir_remedy *remedy, const ir_action *action,
                         ir_kind *kind) {
  step_recipes *recipes = step_recipes_of(ir);
  const void *pointers[] = {policy, remedy, action, kind};
  upk_str key = {(const char *)pointers, sizeof pointers};
  uint64_t number;
  if (upk_map_find(&recipes->by_key, key, &number))
    return recipes->all.items[number];
  step_recipe *recipe = make(ir, policy, remedy, action, kind);
  upk_map_put(&recipes->by_key, upk_arena_copy(ir->arena, key),
              recipes->all.len);
  *UPK_PUSH(ir->arena, &recipes->all) = recipe;
  return recipe;
}
