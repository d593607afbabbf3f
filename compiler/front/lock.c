/* upkeep.lock: the digests of the stdlib and of the packs' files that a
 * project was reviewed with; and whether they are so. */
#include <upkeep/compile.h>

#include "digest.h"
#include "front/front.h"
#include "front/schema.h"
#include "front/schema_forms.h"
#include "front/yaml/read.h"
#include "json.h"
#include "stdlib/stdlib.h"

static upk_str lock_path(const ir *ir) {
  upk_str name = ir->project.path;
  while (name.len && name.data[name.len - 1] != '.')
    name.len--;
  bool dotted = name.len > 1;
  return upk_arena_printf(ir->arena, "%.*s%slock",
                          UPK_FMT(dotted ? name : ir->project.path),
                          dotted ? "" : ".");
}

/* Each of `files` is a path of a pack, or of the stdlib, and a digest. */
static bool check_files(ir *ir, const node *files) {
  bool good = true;
  for (size_t i = 0; files && i < files->map.count; i++) {
    const node_member *member = &files->map.members[i];
    bool digest = (member->value->type == NODE_TEXT ||
                   member->value->type == NODE_PLAIN) &&
                  member->value->text.len == UPK_DIGEST_TEXT &&
                  upk_str_starts(member->value->text, "sha256:");
    if (digest && form_path.fits(member->key))
      continue;
    good = false;
    upk_diag_add(ir->diags, 1062, member->key_span,
                 "`%.*s` is no path with its digest",
                 UPK_FMT(node_clip(member->key)));
  }
  return good;
}

void front_lock_read(ir *ir, front_lock *ret) {
  upk_str text;
  bool large = false, good;
  size_t failures = ir->diags->failures;
  *ret = (front_lock){.path = lock_path(ir), .damaged = true};
  if (!ir->source->read(ir->source->ctx, ret->path, FRONT_FILE_BYTES, ir->arena,
                        &text, &large)) {
    if (large)
      upk_diag_add(ir->diags, 1002, UPK_NO_SPAN, "%.*s is larger than 1 MiB",
                   UPK_FMT(ret->path));
    else
      ret->damaged = front_absent(ir, ret->path, UPK_NO_SPAN);
    return;
  }
  front_file_seen(ir, ret->path, text);
  node *tree = yaml_read(ir->arena, ir->diags, ret->path, text);
  if (!tree)
    return;
  good = schema_read(ir->arena, ir->diags, &schema_lock, tree, ret);
  good &= check_files(ir, ret->stdlib.files);
  for (size_t i = 0; i < ret->packs.len; i++)
    good &= check_files(ir, ret->packs.items[i].files);
  ret->there = good && ir->diags->failures == failures;
  ret->damaged = !ret->there;
}

/* ---- packs ---- */

typedef enum pack_state {
  PACK_GOOD,
  PACK_ABSENT,
  PACK_CHANGED,
  PACK_NEW,
} pack_state;
static const char *const state_words[] = {"good", "absent", "changed", "new"};

typedef struct fault {
  upk_str path;
  const char *what;
} fault;

/* What is on the disk of a pack. */
typedef struct looked {
  pack_state state;
  ir_pack *pack;
  UPK_VEC(fault) faults;
  const node *locked; /* path: digest; or NULL */
} looked;

bool front_pack_has(upk_str path) {
  static const char *const endings[] = {".yaml", ".yml", ".lua"};
  for (size_t i = 0; i < 3; i++)
    if (upk_str_ends(path, endings[i]))
      return true;
  return false;
}

static const front_lock_pack *find_locked(const front_lock *lock,
                                          upk_str commit) {
  for (size_t i = 0; lock->there && i < lock->packs.len; i++)
    if (upk_str_equal(lock->packs.items[i].commit.text, commit))
      return &lock->packs.items[i];
  return NULL;
}

static void add_fault(ir *ir, looked *l, upk_str path, const char *what) {
  *UPK_PUSH(ir->arena, &l->faults) = (fault){path, what};
}

static bool read_file(ir *ir, looked *l, upk_str path, upk_str *ret_text,
                      bool *ret_large) {
  upk_str whole = upk_arena_printf(ir->arena, "%.*s%.*s",
                                   UPK_FMT(l->pack->folder), UPK_FMT(path));
  return ir->source->read(ir->source->ctx, whole, FRONT_FILE_BYTES, ir->arena,
                          ret_text, ret_large);
}

static void keep_file(ir *ir, looked *l, upk_str path, upk_str text) {
  size_t last = l->pack->files.len;
  (void)UPK_PUSH(ir->arena, &l->pack->files);
  l->pack->files.items[last].path = path;
  l->pack->files.items[last].text = text;
}

/* Every file of the lock must be there as it was. */
static void look_at_locked(ir *ir, looked *l) {
  for (size_t i = 0; i < l->locked->map.count; i++) {
    const node_member *member = &l->locked->map.members[i];
    upk_str text;
    bool large = false;
    if (!read_file(ir, l, member->key, &text, &large)) {
      add_fault(ir, l, member->key, large ? "was changed" : "is missing");
      continue;
    }
    upk_digest digest = upk_digest_of(text);
    if (upk_str_equal(upk_digest_view(&digest), member->value->text))
      keep_file(ir, l, member->key, text);
    else
      add_fault(ir, l, member->key, "was changed");
  }
}

/* And no other that could be read. The count of all. */
static size_t look_at_disk(ir *ir, looked *l) {
  upk_str *paths = NULL;
  upk_str glob =
      upk_arena_printf(ir->arena, "%.*s**", UPK_FMT(l->pack->folder));
  size_t count = ir->source->list(ir->source->ctx, glob, ir->arena, &paths),
         seen = 0;
  for (size_t i = 0; i < count; i++) {
    upk_str path = {paths[i].data + l->pack->folder.len,
                    paths[i].len - l->pack->folder.len};
    upk_str text;
    bool large = false;
    if (!front_pack_has(path) && !upk_str_ends(path, "/"))
      continue;
    seen++;
    if (l->locked && node_member_find(l->locked, path))
      continue;
    if (l->locked)
      add_fault(ir, l, path, "is not in it");
    else if (read_file(ir, l, path, &text, &large))
      keep_file(ir, l, path, text);
    else
      add_fault(ir, l, path, "cannot be read");
  }
  return seen;
}

static looked look(ir *ir, const front_lock *lock, upk_str commit) {
  looked l = {.pack = UPK_NEW(ir->arena, ir_pack)};
  const front_lock_pack *locked = find_locked(lock, commit);
  l.locked = locked ? locked->files : NULL;
  l.pack->folder =
      upk_arena_printf(ir->arena, ".upkeep/packs/%.*s/", UPK_FMT(commit));
  size_t seen = look_at_disk(ir, &l);
  if (seen && locked)
    look_at_locked(ir, &l);
  l.state = !seen          ? PACK_ABSENT
            : l.faults.len ? PACK_CHANGED
            : locked       ? PACK_GOOD
                           : PACK_NEW;
  return l;
}

static upk_span place_of(const ir_use *use) { return use->commit.text_span; }

const ir_pack *front_pack(ir *ir, const front_lock *lock, const ir_use *use) {
  upk_str commit = use->commit.text;
  if (lock->damaged)
    return NULL;
  looked l = look(ir, lock, commit);
  if (!l.locked) {
    upk_diag *diag = upk_diag_add(
        ir->diags, 1057, place_of(use), "%.*s does not have the pack %.*s",
        UPK_FMT(lock->path), UPK_FMT(node_clip(use->git.text)));
    upk_diag_help(ir->diags, diag,
                  "`upkeep init --packs` fetches and locks it; then commit "
                  "%.*s",
                  UPK_FMT(lock->path));
    return NULL;
  }
  if (l.state == PACK_ABSENT) {
    upk_diag *diag = upk_diag_add(ir->diags, 1058, place_of(use),
                                  "the pack %.*s is not here",
                                  UPK_FMT(node_clip(use->git.text)));
    upk_diag_help(ir->diags, diag, "fetch it: upkeep init --packs");
    return NULL;
  }
  for (size_t i = 0; i < l.faults.len; i++) {
    upk_diag *diag = upk_diag_add(
        ir->diags, 1059, place_of(use), "%.*s%.*s %s%s%.*s",
        UPK_FMT(l.pack->folder), UPK_FMT(l.faults.items[i].path),
        l.faults.items[i].what,
        upk_str_is(upk_str_from(l.faults.items[i].what), "is not in it")
            ? ": "
            : " since ",
        UPK_FMT(lock->path));
    upk_diag_help(ir->diags, diag, "fetch the pack again: upkeep init --packs");
  }
  return l.faults.len ? NULL : l.pack;
}

/* ---- the stdlib ---- */

/* Paths that differ, in the order of the lock and then of those that are new.
 */
static ir_names changed_files(ir *ir, const front_lock *lock) {
  stdlib_digest *now;
  size_t count = stdlib_digests(ir, &now);
  const node *was = lock->stdlib.files;
  ir_names changed = {0};
  for (size_t i = 0; i < was->map.count; i++) {
    size_t n = 0;
    while (n < count && !upk_str_equal(now[n].path, was->map.members[i].key))
      n++;
    if (n == count ||
        !upk_str_equal(now[n].sha256, was->map.members[i].value->text))
      *UPK_PUSH(ir->arena, &changed) = was->map.members[i].key;
  }
  for (size_t i = 0; i < count; i++)
    if (!node_member_find(was, now[i].path))
      *UPK_PUSH(ir->arena, &changed) = now[i].path;
  return changed;
}

static upk_str joined(ir *ir, const ir_names *names) {
  enum { SHOWN = 12 };
  upk_buf out = {0};
  for (size_t i = 0; i < names->len && i < SHOWN; i++)
    upk_buf_printf(&out, "%s%.*s", i ? ", " : "", UPK_FMT(names->items[i]));
  if (names->len > SHOWN)
    upk_buf_printf(&out, " and %zu more", names->len - SHOWN);
  upk_str text = upk_arena_copy(ir->arena, upk_buf_view(&out));
  upk_buf_free(&out);
  return text;
}

void front_lock_stdlib(ir *ir, const front_lock *lock) {
  if (upk_str_equal(lock->stdlib.sha256, ir->stdlib_sha256))
    return;
  ir_names files = changed_files(ir, lock);
  ir_names actions = stdlib_users(ir, &files);
  const node *section = node_find(lock->raw, "stdlib");
  const node *digest = node_find(section, "sha256");
  upk_diag *diag = upk_diag_add(ir->diags, 1061, digest->span,
                                "the standard library is another one, of "
                                "version %.*s",
                                UPK_FMT(ir->stdlib_version));
  if (files.len)
    upk_diag_note(ir->diags, diag, "changed: %.*s",
                  UPK_FMT(joined(ir, &files)));
  if (actions.len)
    upk_diag_note(ir->diags, diag, "actions that this changes: %.*s",
                  UPK_FMT(joined(ir, &actions)));
  else
    upk_diag_note(ir->diags, diag, "no action is changed by this");
  upk_diag_help(ir->diags, diag,
                "review a plan, then take it over: upkeep init --packs "
                "--upgrade");
}

/* ---- the lock to be ---- */

static void put_quoted(upk_buf *out, upk_str text) {
  upk_buf_char(out, '"');
  for (size_t i = 0; i < text.len; i++) {
    unsigned char byte = (unsigned char)text.data[i];
    if (byte == '"' || byte == '\\')
      upk_buf_printf(out, "\\%c", byte);
    else if (byte < ' ' || byte == 127)
      upk_buf_printf(out, "\\x%02x", byte);
    else
      upk_buf_char(out, (char)byte);
  }
  upk_buf_char(out, '"');
}

static void put_file(upk_buf *out, const char *indent, upk_str path,
                     upk_str sha256) {
  upk_buf_str(out, upk_str_from(indent));
  put_quoted(out, path);
  upk_buf_printf(out, ": %.*s\n", UPK_FMT(sha256));
}

static void put_locked(upk_buf *out, const char *indent, const node *files) {
  for (size_t i = 0; i < files->map.count; i++)
    put_file(out, indent, files->map.members[i].key,
             files->map.members[i].value->text);
}

static void put_stdlib(ir *ir, const front_lock *lock, upk_buf *out) {
  bool kept = lock->there && !upk_str_is(ir->request->word, "upgrade");
  upk_str version = kept ? lock->stdlib.version : ir->stdlib_version;
  upk_str sha256 = kept ? lock->stdlib.sha256 : ir->stdlib_sha256;
  upk_buf_str(out, UPK_STR("stdlib:\n  version: "));
  put_quoted(out, version);
  upk_buf_printf(out, "\n  sha256: %.*s\n  files:\n", UPK_FMT(sha256));
  if (kept) {
    put_locked(out, "    ", lock->stdlib.files);
    return;
  }
  stdlib_digest *files;
  size_t count = stdlib_digests(ir, &files);
  for (size_t i = 0; i < count; i++)
    put_file(out, "    ", files[i].path, files[i].sha256);
}

static void put_pack(const ir_use *use, const looked *l, upk_buf *out) {
  upk_buf_str(out, UPK_STR("  - git: "));
  put_quoted(out, use->git.text);
  upk_buf_str(out, UPK_STR("\n    commit: "));
  put_quoted(out, use->commit.text);
  upk_buf_str(out, UPK_STR("\n    files:\n"));
  if (l->locked) {
    put_locked(out, "      ", l->locked);
    return;
  }
  for (size_t i = 0; i < l->pack->files.len; i++) {
    upk_digest digest = upk_digest_of(l->pack->files.items[i].text);
    put_file(out, "      ", l->pack->files.items[i].path,
             upk_digest_view(&digest));
  }
}

static bool named_before(const ir *ir, size_t index) {
  upk_str commit = ir->project.use.items[index].commit.text;
  for (size_t i = 0; i < index; i++)
    if (ir->project.use.items[i].commit.text.data &&
        upk_str_equal(ir->project.use.items[i].commit.text, commit))
      return true;
  return false;
}

static void put_state(upk_json_writer *w, const ir_use *use, const looked *l) {
  upk_json_begin_object(w);
  upk_json_put_string(w, "commit", use->commit.text);
  upk_json_put_string(w, "fault",
                      l->faults.len ? l->faults.items[0].path : UPK_STR(""));
  upk_json_put_string(w, "git", use->git.text);
  upk_json_put_string(w, "state", upk_str_from(state_words[l->state]));
  upk_json_end_object(w);
}

static void put_packs(ir *ir, const front_lock *lock, upk_json_writer *w,
                      upk_buf *text) {
  bool any = false;
  upk_json_begin_array(w);
  for (size_t i = 0; i < ir->project.use.len; i++) {
    const ir_use *use = &ir->project.use.items[i];
    if (!use->commit.text.data || !use->git.text.data || named_before(ir, i))
      continue;
    looked l = look(ir, lock, use->commit.text);
    upk_buf_str(text, any ? UPK_STR("") : UPK_STR("packs:\n"));
    any = true;
    put_pack(use, &l, text);
    put_state(w, use, &l);
  }
  upk_json_end_array(w);
  if (!any)
    upk_buf_str(text, UPK_STR("packs: []\n"));
}

static void put_actions(ir *ir, const front_lock *lock, upk_json_writer *w) {
  ir_names files = {0}, actions = {0};
  if (lock->there && !upk_str_equal(lock->stdlib.sha256, ir->stdlib_sha256)) {
    files = changed_files(ir, lock);
    actions = stdlib_users(ir, &files);
  }
  upk_json_begin_array(w);
  for (size_t i = 0; i < actions.len; i++)
    upk_json_string(w, actions.items[i]);
  upk_json_end_array(w);
}

bool front_lock_write(ir *ir, upk_sink sink) {
  front_lock lock;
  upk_buf text = {0};
  upk_json_writer *w = upk_json_writer_new(sink);
  front_lock_read(ir, &lock);
  upk_buf_str(&text,
              UPK_STR("# What this project was reviewed with: the standard "
                      "library and the policy packs.\n# Written by `upkeep "
                      "init --packs`; commit it beside the project file.\n"
                      "version: 1\n"));
  put_stdlib(ir, &lock, &text);
  upk_json_begin_object(w);
  upk_json_key(w, "actions");
  put_actions(ir, &lock, w);
  upk_json_put_string(w, "format", UPK_STR("upkeep.locking/1"));
  upk_json_key(w, "packs");
  put_packs(ir, &lock, w, &text);
  upk_json_put_string(w, "path", lock.path);
  upk_json_put_string(w, "text", upk_buf_view(&text));
  upk_json_put_bool(w, "there", lock.there);
  upk_json_end_object(w);
  upk_json_newline(w);
  upk_buf_free(&text);
  return upk_json_writer_close(w);
}
