/* What git is asked about a plan. */
#include <unistd.h>

#include "approve/author.h"
#include "approve/history.h"
#include "approve/statement.h"

/* "std/x.yaml" is upkeep's own, unless the project has such a file. */
static bool is_shipped(upk_arena *arena, upk_str folder, upk_str path) {
  return upk_str_starts(path, "std/") &&
         access(upk_arena_printf(arena, "%.*s/%.*s", UPK_FMT(folder),
                                 UPK_FMT(path))
                    .data,
                F_OK) != 0;
}

static void add_file(upk_arena *arena, author_query *query, upk_str path) {
  if (path.data && !is_shipped(arena, query->folder, path))
    *UPK_PUSH(arena, &query->files) = path;
}

author_query author_query_of(upk_arena *arena, upk_str folder,
                             const reviewed *plan, const history *past,
                             upk_str since) {
  author_query query = {.folder = folder, .since = since};
  const upk_json *files = upk_json_get(plan->provenance, "policies");
  for (size_t i = 0; i < upk_json_count(files); i++)
    add_file(arena, &query, upk_json_text(upk_json_at(files, i), "path"));
  add_file(arena, &query,
           upk_json_text(upk_json_get(plan->provenance, "requirements"),
                         "document"));
  for (size_t i = 0; past && i < past->commits.len; i++)
    if (upk_str_equal(past->commits.items[i].target, plan->target))
      *UPK_PUSH(arena, &query.approved) = past->commits.items[i].commit;
  return query;
}
