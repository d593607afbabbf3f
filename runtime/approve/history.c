#include "approve/history.h"

#include <dirent.h>
#include <string.h>

#include "journal/journal.h"
#include "json.h"

static bool holds(upk_str bytes, const char *mark) {
  size_t len = strlen(mark);
  const char *at = bytes.data, *end = bytes.data + bytes.len;
  while ((at = memchr(at, mark[0], (size_t)(end - at))) != NULL) {
    if ((size_t)(end - at) >= len && memcmp(at, mark, len) == 0)
      return true;
    at++;
  }
  return false;
}

/* Also those that a resume relied on. */
static bool relies(upk_str event) {
  return upk_str_is(event, "run.begin") || upk_str_is(event, "run.resume");
}

static void add_uses(upk_arena *arena, history *h, upk_str run,
                     const upk_json *approvals) {
  for (size_t i = 0; i < upk_json_count(approvals); i++)
    *UPK_PUSH(arena, &h->uses) = (history_use){
        run,
        upk_arena_copy(arena, upk_json_text(upk_json_at(approvals, i), "id"))};
}

static bool is_commit(upk_str text) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < text.len; i++)
    if (!memchr(digits, text.data[i], sizeof digits - 1))
      return false;
  return text.len == 40 || text.len == 64;
}

static void add_commits(upk_arena *arena, history *h, upk_str target,
                        const upk_json *approvals) {
  for (size_t i = 0; target.data && i < upk_json_count(approvals); i++) {
    upk_str commit = upk_json_text(upk_json_at(approvals, i), "commit");
    bool known = !commit.data || !is_commit(commit);
    for (size_t k = 0; k < h->commits.len; k++)
      known |= upk_str_equal(h->commits.items[k].commit, commit) &&
               upk_str_equal(h->commits.items[k].target, target);
    if (!known)
      *UPK_PUSH(arena, &h->commits) = (history_commit){
          upk_arena_copy(arena, target), upk_arena_copy(arena, commit)};
  }
}

static void read_log(upk_arena *arena, history *h, upk_str run, upk_str bytes,
                     upk_str plan_digest) {
  upk_arena *scratch = upk_arena_new(NULL);
  bool applied = holds(bytes, "\"outcome\":\"applied\"");
  upk_str rest = bytes, target = UPK_NO_STR;
  while (applied && rest.data && rest.len) {
    journal_record record;
    bool first = rest.data == bytes.data;
    upk_str line = upk_str_split(rest, '\n', &rest);
    bool may = first || holds(line, "\"run.resume\"");
    upk_arena_reset(scratch);
    if (!rest.data || !may || journal_parse(scratch, line, &record) ||
        !relies(record.event))
      continue;
    if (first && upk_str_equal(upk_json_text(record.det, "plan"), plan_digest))
      h->plan_run = run;
    if (first && upk_json_text(record.obs, "target").data)
      target = upk_arena_copy(arena, upk_json_text(record.obs, "target"));
    add_uses(arena, h, run, upk_json_get(record.obs, "approvals"));
    add_commits(arena, h, target, upk_json_get(record.obs, "approvals"));
  }
  upk_arena_free(scratch);
}

void history_read(upk_arena *arena, upk_str runs_folder, upk_str own,
                  upk_str plan_digest, history *ret) {
  *ret = (history){0};
  if (!runs_folder.data)
    return;
  DIR *dir = opendir(upk_arena_copy(arena, runs_folder).data);
  const struct dirent *entry;
  while (dir && (entry = readdir(dir))) {
    upk_buf bytes = {0};
    upk_str run = upk_str_from(entry->d_name);
    if (entry->d_name[0] == '.' || (own.data && upk_str_equal(run, own)))
      continue;
    upk_str path = upk_arena_printf(arena, "%.*s/%s/log.jsonl",
                                    UPK_FMT(runs_folder), entry->d_name);
    if (journal_read_file(path.data, &bytes) == 0 && bytes.len)
      read_log(arena, ret, upk_arena_copy(arena, run), upk_buf_view(&bytes),
               plan_digest);
    upk_buf_free(&bytes);
  }
  if (dir)
    closedir(dir);
}

size_t history_uses(const history *h, const char *id, upk_str *ret_run) {
  size_t count = 0;
  for (size_t i = 0; i < h->uses.len; i++) {
    const history_use *use = &h->uses.items[i];
    bool again = false; /* a run and its resumes are one use */
    for (size_t j = 0; j < i; j++)
      again |= upk_str_equal(h->uses.items[j].run, use->run) &&
               upk_str_equal(h->uses.items[j].id, use->id);
    if (again || !upk_str_is(use->id, id))
      continue;
    *ret_run = use->run;
    count++;
  }
  return count;
}
