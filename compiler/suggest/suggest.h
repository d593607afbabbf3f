/* Policies that fit a database that was looked at: each engine says in its
 * suggest.lua what is worth a policy (docs/extending.md, "Suggestions"); here
 * its figures are put in. */
#ifndef COMPILER_SUGGEST_H
#define COMPILER_SUGGEST_H

#include "ir/ir.h"

/* For ir->engine and ir->facts, docs/formats.md, "Suggestions". False when the
 * sink refused, or after a diagnostic. */
bool suggest_write(ir *ir, upk_sink sink);

#endif
