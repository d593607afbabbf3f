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

#endif
