/* The texts of `explain`, part by part. */
#ifndef STDLIB_EXPLAIN_H
#define STDLIB_EXPLAIN_H

#include "stdlib/private.h"

/* Each adds what it knows about the word; false when it knows nothing. */
bool explain_code(upk_str word, upk_buf *out);
bool explain_pass(upk_str word, upk_buf *out);
bool explain_engine(const ir *ir, upk_str word, upk_buf *out);
bool explain_kind(const ir *ir, upk_str word, upk_buf *out);
bool explain_attribute(const ir *ir, upk_str word, upk_buf *out);
bool explain_action(ir *ir, upk_str word, upk_buf *out);

/* docs/actions.md: every action of every engine. */
void explain_markdown(ir *ir, upk_buf *out);

/* "version 12 or later, capability amcheck", or nothing. */
void explain_needs(const ir_action *action, upk_buf *out);
/* One parameter on a line: "online (bool, default true): doc". */
void explain_parameter(const ir_parameter *parameter, const char *quote,
                       upk_buf *out);
/* What a key of the definition says: its text, or that it depends. */
upk_str explain_promise(const ir_action *action, const char *key);
/* The undo class and why. */
void explain_undo(const ir_action *action, upk_buf *out);

#endif
