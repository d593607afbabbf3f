/* upkeep init --packs: what `use` pins is fetched and locked. */
#include "packs.h"
#include "child.h"

/* UPK_COMPILE_LOCK: what is here, and the lock to be. */
static upk_status ask(cli *c, const project *p, const upk_json **ret) {
  upk_buf output = {0};
  upk_json_error error;
  upk_compile_request request = request_new(c, p, UPK_COMPILE_LOCK);
  if (flag_given(c, FLAG_upgrade))
    request.word = UPK_STR("upgrade");
  upk_status status = compile(c, p, &request, &output);
  if (status == UPK_OK)
    *ret = upk_json_parse(
        c->arena, upk_arena_copy(c->arena, upk_buf_view(&output)), &error);
  upk_buf_free(&output);
  return status;
}

static upk_str state_of(const upk_json *pack) {
  return upk_json_text(pack, "state");
}

static upk_status fetch_all(cli *c, const project *p, const upk_json *packs,
                            size_t *ret_fetched) {
  upk_status worst = UPK_OK;
  for (size_t i = 0; i < upk_json_count(packs); i++) {
    const upk_json *pack = upk_json_at(packs, i);
    upk_str git = upk_json_text(pack, "git");
    upk_str commit = upk_json_text(pack, "commit");
    if (upk_str_is(state_of(pack), "good"))
      continue;
    upk_status status =
        pack_fetch(c, p->folder, git, commit,
                   upk_arena_printf(c->arena, "%.*s/.upkeep/packs/%.*s",
                                    UPK_FMT(p->folder), UPK_FMT(commit)));
    if (status == UPK_OK) {
      say(c, "fetched %.*s at %.12s\n", UPK_FMT(git), commit.data);
      ++*ret_fetched;
    } else {
      worst = status;
    }
  }
  return worst;
}

/* What git gave for a commit that is locked must be what is locked. */
static upk_status check_fetched(cli *c, const upk_json *packs, upk_str lock) {
  upk_status status = UPK_OK;
  for (size_t i = 0; i < upk_json_count(packs); i++) {
    const upk_json *pack = upk_json_at(packs, i);
    if (upk_str_is(state_of(pack), "good") || upk_str_is(state_of(pack), "new"))
      continue;
    upk_diag *diag =
        upk_diag_add(&c->diags, 4069, UPK_NO_SPAN,
                     "%.*s of the pack %.*s is not what %.*s has of its commit",
                     UPK_FMT(upk_json_text(pack, "fault")),
                     UPK_FMT(upk_json_text(pack, "git")), UPK_FMT(lock));
    upk_diag_help(&c->diags, diag, "see who changed %.*s: git log -p %.*s",
                  UPK_FMT(lock), UPK_FMT(lock));
    status = UPK_STALE;
  }
  return status;
}

static upk_status write_lock(cli *c, const project *p, const upk_json *state) {
  upk_buf old = {0};
  upk_str name = upk_json_text(state, "path");
  upk_str path = upk_arena_printf(c->arena, "%.*s/%.*s", UPK_FMT(p->folder),
                                  UPK_FMT(name));
  upk_str text = upk_json_text(state, "text");
  bool same = file_exists(path) && !file_read_plain(c, path, &old) &&
              upk_str_equal(upk_buf_view(&old), text);
  upk_status status = same ? UPK_OK : file_write(c, path, text);
  if (status == UPK_OK)
    say(c, same ? "%.*s is as it was\n" : "wrote %.*s\nNext: commit it\n",
        UPK_FMT(name));
  upk_buf_free(&old);
  return status;
}

upk_status packs_init(cli *c) {
  project p = {.folder = UPK_NO_STR};
  const upk_json *state = NULL;
  size_t fetched = 0;
  upk_status status = project_find(c, &p);
  if (status == UPK_OK)
    status = ask(c, &p, &state);
  if (status == UPK_OK)
    status = fetch_all(c, &p, upk_json_get(state, "packs"), &fetched);
  if (status == UPK_OK && fetched)
    status = ask(c, &p, &state);
  if (status == UPK_OK)
    status = check_fetched(c, upk_json_get(state, "packs"),
                           upk_json_text(state, "path"));
  if (status == UPK_OK && upk_json_count(upk_json_get(state, "actions")))
    approvals_at_stake(c, &p);
  return status == UPK_OK ? write_lock(c, &p, state) : status;
}
