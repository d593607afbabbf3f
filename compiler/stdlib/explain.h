/* The meanings of `explain`, part by part. */
#ifndef STDLIB_EXPLAIN_H
#define STDLIB_EXPLAIN_H

#include "stdlib/page.h"
#include "stdlib/private.h"

/* Called for each word. */
typedef void explain_seen(void *ctx, const char *group, upk_str name,
                          upk_str doc);

/* Each adds what it knows about the word, or nothing. */
void explain_code(upk_str word, page *page);
void explain_pass(upk_str word, page *page);
void explain_exit(upk_str word, page *page);
void explain_engine(const ir *ir, upk_str word, page *page);
void explain_kind(const ir *ir, upk_str word, page *page);
void explain_attribute(const ir *ir, upk_str word, page *page);
void explain_action(ir *ir, upk_str word, page *page);
/* explain_words.c: functions and types of expressions, metrics of throttles,
 * shipped files, and what the program itself handed in. */
void explain_language(upk_str word, page *page);
void explain_metric(const ir *ir, upk_str word, page *page);
void explain_shipped(ir *ir, upk_str word, page *page);
void explain_given(ir *ir, upk_str word, page *page);
/* explain_keys.c: keys of the project file and of policies. */
void explain_key(upk_str word, page *page);

/* explain_requirement.c: what a requirements document may say. */
void explain_requirement(const ir *ir, upk_str word, page *page);
void explain_each_requirement(upk_arena *arena, explain_seen *seen, void *ctx);

/* All the words of each, for lists and suggestions. */
void explain_each_language(explain_seen *seen, void *ctx);
void explain_each_metric(const ir *ir, explain_seen *seen, void *ctx);
void explain_each_shipped(ir *ir, explain_seen *seen, void *ctx);
void explain_each_given(ir *ir, explain_seen *seen, void *ctx);
void explain_each_key(upk_arena *arena, explain_seen *seen, void *ctx);

/* docs/actions.md: every action of every engine. */
void explain_markdown(ir *ir, upk_buf *out);

#endif
