/* YAML to nodes: the only folder that includes yaml.h.
 *
 * One document of UTF-8, through libyaml's event interface (its document
 * interface keeps aliases shared and has no depth limit). At most 1 MiB, 32
 * deep, 50,000 events; no anchors, aliases, merge keys, tags, duplicate keys
 * or keys that are not scalars. Spans are byte columns, exact. */
#ifndef COMPILER_YAML_READ_H
#define COMPILER_YAML_READ_H

#include "front/node.h"

/* The root of the only document, in `arena`. NULL, after diagnostics, when
 * there is no tree to go on with; tags, anchors and duplicate keys are said,
 * and reading goes on without them. `text` must live as long as the tree. */
node *yaml_read(upk_arena *arena, upk_diags *diags, upk_str path, upk_str text);

#endif
