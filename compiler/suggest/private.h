/* suggest.c   which suggestions there are, and for which objects
 * fill.c      their texts with the figures of an object */
#ifndef SUGGEST_PRIVATE_H
#define SUGGEST_PRIVATE_H

#include "ir/scope.h"
#include "suggest/suggest.h"

/* One suggestion at work on one object. */
typedef struct filler {
  ir *ir;
  ir_scope *scope;
  const node *let; /* names for expressions, or NULL */
  ir_object object;
  size_t count;  /* objects that it is about */
  size_t number; /* of the object among them, from 1 */
} filler;

/* Makes the slots that a text and its `let` need, before the scope is bound. */
bool fill_prepare(ir *ir, ir_scope *scope, const node *let, upk_str text,
                  upk_str suggestion);
/* Adds `text` with each <<word>> replaced, each line behind `prefix`:
 *   object     its name, for people       where   an expression that finds it
 *   slug       its name, for policies     count   objects there are
 *   NAME       an attribute, or of `let`: sizes and counts rounded up
 *   yaml:NAME  the same as a quoted text of YAML */
void fill_text(const filler *f, upk_str text, const char *prefix, upk_buf *out);

#endif
