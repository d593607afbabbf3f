/* What all steps of one (policy, remedy, action, kind) share: made once, so
 * that a step costs a few calls of Lua and copies what depends on its object.
 *
 *   recipe.c     finds or makes a recipe
 *   object.c     the object as the action's functions see it
 *   invariant.c  checks that the policy's invariant is broken, and then holds
 *   drift.c      the check that the object is still the one of the plan
 *   better.c     which way an attribute gets better
 *   build.c      one step
 */
#ifndef COMPILER_STEP_RECIPE_H
#define COMPILER_STEP_RECIPE_H

#include "ir/scope.h"
#include "step/convert.h"

typedef enum step_post {
  STEP_POST_HOLDS,
  STEP_POST_NOT_BROKEN,
  STEP_POST_IMPROVES,
  STEP_POST_OWN
} step_post;

/* An attribute that the action's functions read. */
typedef struct step_read {
  const char *key; /* as in `o` */
  uint32_t slot;
} step_read;

typedef struct step_invariant {
  const upk_expr *ensure; /* NULL: no checks of it */
  bool if_unknown;        /* acts on what is unknown, too */
  bool improves, not_broken;
  bool bound;     /* has names that are literals, another for each object */
  ir_check check; /* name, queries, columns; `params` is for each object */
  ir_names keys;  /* whose values are the parameters */
  /* Names of `ensure` that the check reads: one byte a name. */
  const uint8_t *read;
  upk_str better;    /* "a <= before.a and ..."; absent: none */
  upk_str pre, post; /* when not bound */
} step_invariant;

typedef struct step_recipe {
  const ir_policy *policy;
  const ir_remedy *remedy;
  const ir_action *action;
  ir_kind *kind;
  bool failed;     /* said: further objects are passed over */
  upk_str subject; /* "action `vacuum`" */
  ir_scope *scope;
  ir_remedy defaults; /* arguments when there is no remedy */
  script_table *object, *arguments;
  UPK_VEC(step_read) reads;
  bool has_sql; /* its keys are names that can be quoted */
  step_post post;
  int64_t post_within_ms;
  convert_memory memory;
  ir_step like; /* what does not depend on the object */
  /* Functions, or NULL when `like` has the answer. */
  const node *atomicity, *risk, *locks, *undo, *estimate, *probe, *plan;
  const node *lock_timeout;
  step_invariant invariant;
} step_recipe;

typedef struct step_recipes {
  UPK_VEC(step_recipe *) all;
  upk_map by_key;          /* bytes of (policy, remedy, action, kind): number */
  upk_arena *scratch;      /* of one step */
  upk_map expects;         /* texts that parse */
  upk_map queries;         /* names in ir->query_texts */
  const upk_json *learned; /* of request->history; NULL: nothing */
} step_recipes;

step_recipes *step_recipes_of(ir *ir);
/* Never NULL; `failed` when its making gave a diagnostic. */
step_recipe *recipe_find(ir *ir, const ir_policy *policy,
                         const ir_remedy *remedy, const ir_action *action,
                         ir_kind *kind);
/* A converter that speaks of the recipe's action. */
convert recipe_convert(ir *ir, const step_recipe *recipe, upk_str step);

/* learned.c: what the request's history holds of actions, or NULL. */
const upk_json *learned_read(ir *ir);
/* Puts how long such a step took before in place of the prior, when enough of
 * them are known of an action with as much work. */
void step_learned(ir *ir, upk_str action, ir_estimate *estimate);

/* Declares what `o` holds; false after a diagnostic. */
bool object_prepare(ir *ir, step_recipe *recipe);
/* Fills `o` for one object; false when its name cannot be written. */
bool object_fill(ir *ir, step_recipe *recipe, const ir_object *object);

/* The step's timeouts; `lock` false: without one for locks. */
void recipe_limits(const step_recipe *recipe, bool lock, ir_step *step);
/* Undo and probe out of nodes, into a step. */
void recipe_undo(convert *c, const node *value, ir_step *step);
void recipe_probe(convert *c, const node *value, ir_step *step);

/* Finds the queries that the invariant's checks ask; false after a
 * diagnostic. */
bool invariant_prepare(ir *ir, step_recipe *recipe);
/* Adds the checks of an invariant before and after the step's own. */
void invariant_add(ir *ir, step_recipe *recipe, const ir_object *object,
                   ir_step *step);

/* The name in the plan of a collector's query, added to
 * ir->query_texts at first use; absent when it has no query
 * for this server. `column` is the attribute as it is
 * written, for its argument; may be absent. */
upk_str invariant_query(ir *ir, const ir_collector *collector, upk_str column);
/* A column of the check's queries, once. */
void invariant_column(ir *ir, ir_check *check, upk_str name, upk_type type);
/* The values of `keys` of the object, as the check's parameters. */
void invariant_params(ir *ir, const step_recipe *recipe, const ir_names *keys,
                      const ir_object *object, ir_check *check);

/* Adds the check of the object's fingerprint, where it has one. */
void drift_add(ir *ir, step_recipe *recipe, const ir_object *object,
               ir_step *step);

/* "a <= before.a and b >= before.b" of the attributes whose values decide
 * `ensure` in a row; absent when none does. */
upk_str better_text(ir *ir, const ir_scope *scope, const upk_expr *ensure,
                    const uint8_t *read, bool if_unknown, size_t row);

#endif
