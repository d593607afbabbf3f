/* One pack from git to a folder. Its files are written by us, plain, from the
 * blobs: no checkout, so that no attribute, filter, link or submodule of the
 * pack comes into it. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "packs.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 1000, FILE_BYTES_MAX = 1 << 20, OID_DIGITS = 40 };

typedef struct pack_file {
  upk_str oid, path;
  int64_t bytes;
} pack_file;

typedef struct fetching {
  cli *c;
  upk_str address; /* for git */
  upk_str shown;   /* for people */
  upk_str commit, tree;
  git_call git;
  UPK_VEC(pack_file) files;
} fetching;

/* ---- where ---- */

/* HOST:PATH has a colon before any slash; so has SCHEME://. */
static bool is_path(upk_str git) {
  for (size_t i = 0; i < git.len && git.data[i] != '/'; i++)
    if (git.data[i] == ':')
      return false;
  return true;
}

static bool find_git(cli *c, git_call *git) {
  static const char *const places[] = {"/usr/local/bin/git", "/usr/bin/git",
                                       "/bin/git"};
  for (size_t i = 0; i < 3; i++)
    if (access(places[i], X_OK) == 0) {
      git->program = upk_str_from(places[i]);
      return true;
    }
  upk_diag *diag =
      upk_diag_add(&c->diags, 4067, UPK_NO_SPAN, "git is not installed");
  upk_diag_help(&c->diags, diag, "packs are fetched by it: install git");
  return false;
}

static upk_str below(fetching *f, const char *name) {
  return upk_arena_printf(f->c->arena, "%s/%s", f->git.folder.data, name);
}

static upk_status failed(fetching *f, const char *what) {
  upk_diag_add(&f->c->diags, 4067, UPK_NO_SPAN,
               "the pack %.*s could not be %s: %.*s", UPK_FMT(f->shown), what,
               UPK_FMT(f->git.said));
  return UPK_ERROR;
}

static upk_status refused(fetching *f, upk_str path, const char *why) {
  upk_diag_add(&f->c->diags, 4068, UPK_NO_SPAN, "the pack %.*s %s%.*s",
               UPK_FMT(f->shown), why, UPK_FMT(path));
  return UPK_ERROR;
}

/* ---- fetching ---- */

static bool fetch(fetching *f) {
  const char *shallow[] = {
      "fetch",     "--quiet", "--no-tags",     "--no-recurse-submodules",
      "--depth=1", "--",      f->address.data, f->commit.data,
      NULL};
  /* A server that gives no commit by its id gives its branches and tags. */
  const char *whole[] = {"fetch",
                         "--quiet",
                         "--no-recurse-submodules",
                         "--",
                         f->address.data,
                         "+refs/heads/*:refs/heads/*",
                         "+refs/tags/*:refs/tags/*",
                         NULL};
  return git_run(f->c, &f->git, shallow, below(f, "out")) ||
         git_run(f->c, &f->git, whole, below(f, "out"));
}

static upk_str answer(fetching *f, const char *const *words) {
  upk_buf bytes = {0};
  upk_str text = UPK_NO_STR;
  if (git_run(f->c, &f->git, words, below(f, "out")) &&
      !file_read_plain(f->c, below(f, "out"), &bytes))
    text = upk_arena_copy(f->c->arena,
                          bytes.len ? upk_buf_view(&bytes) : UPK_STR(""));
  upk_buf_free(&bytes);
  return text;
}

/* The id must be a commit's, not that of a tag or a tree. */
static upk_status check_commit(fetching *f) {
  const char *words[] = {"cat-file", "-t", f->commit.data, NULL};
  upk_str type = answer(f, words);
  if (!type.data)
    return failed(f, "fetched");
  return upk_str_is(upk_str_trim(type), "commit")
             ? UPK_OK
             : refused(f, upk_str_trim(type),
                       "has at this id no commit but a ");
}

/* ---- its files ---- */

static bool can_be_read(upk_str path) {
  static const char *const endings[] = {".yaml", ".yml", ".lua"};
  for (size_t i = 0; i < 3; i++)
    if (upk_str_ends(path, endings[i]))
      return true;
  return false;
}

/* git refuses most of these itself; what is written to a disk is looked at by
 * who writes it. */
static bool path_good(upk_str path) {
  upk_str rest = path;
  if (path.len > 500)
    return false;
  for (size_t i = 0; i < path.len; i++)
    if ((unsigned char)path.data[i] < ' ' || path.data[i] == 127)
      return false;
  while (rest.data) {
    upk_str part = upk_str_split(rest, '/', &rest);
    if (!part.len || upk_str_is(part, ".") || upk_str_is(part, "..") ||
        upk_str_is(part, ".git"))
      return false;
  }
  return true;
}

/* "100644 blob OID     SIZE\tPATH"; git-ls-tree(1) */
static upk_status add_entry(fetching *f, upk_str entry) {
  upk_str path, rest;
  upk_str head = upk_str_split(entry, '\t', &path);
  upk_str mode = upk_str_split(head, ' ', &rest);
  if (!path.data || !can_be_read(path) || !upk_str_starts(mode, "100"))
    return UPK_OK; /* links and submodules are not of the pack */
  (void)upk_str_split(rest, ' ', &rest);
  upk_str oid = upk_str_split(rest, ' ', &rest);
  upk_str size = upk_str_trim(rest);
  if (!path_good(path))
    return refused(f, UPK_STR(""),
                   "has a file with a name that leads out of it");
  if (f->files.len == FILES_MAX)
    return refused(f, UPK_STR(""), "has more than 1,000 files of policies");
  if (size.len > 7 || strtoll(size.data, NULL, 10) > FILE_BYTES_MAX)
    return refused(f, path, "has a file of more than 1 MiB: ");
  *UPK_PUSH(f->c->arena, &f->files) = (pack_file){
      upk_arena_copy(f->c->arena, oid), upk_arena_copy(f->c->arena, path),
      strtoll(size.data, NULL, 10)};
  return UPK_OK;
}

static upk_status list_files(fetching *f) {
  const char *words[] = {"ls-tree",      "-r",     "-z",
                         "--full-tree",  "--long", "--end-of-options",
                         f->commit.data, NULL};
  upk_str list = answer(f, words);
  upk_status status = UPK_OK;
  if (!list.data)
    return failed(f, "listed");
  while (status == UPK_OK && list.data) {
    upk_str entry = upk_str_split(list, '\0', &list);
    if (entry.len)
      status = add_entry(f, entry);
  }
  if (status == UPK_OK && !f->files.len)
    status = refused(f, UPK_STR(""), "has no file of policies");
  return status;
}

static upk_status write_file(fetching *f, const pack_file *file) {
  upk_str path = upk_arena_printf(f->c->arena, "%s/%.*s", f->tree.data,
                                  UPK_FMT(file->path));
  const char *slash = strrchr(path.data, '/');
  const char *words[] = {"cat-file", "blob", file->oid.data, NULL};
  if (!make_folders((upk_str){path.data, (size_t)(slash - path.data)})) {
    upk_diag_add(&f->c->diags, 4003, UPK_NO_SPAN, "cannot write %.*s: %s",
                 UPK_FMT(path), strerror(errno));
    return UPK_ERROR;
  }
  return git_run(f->c, &f->git, words, path) ? UPK_OK : failed(f, "read");
}

/* git makes the ids of what stands on the disk again, and they must be those
 * that the commit's tree names. */
static upk_status check_ids(fetching *f) {
  const char **words =
      UPK_NEW_ARRAY(f->c->arena, const char *, f->files.len + 4);
  size_t count = 0;
  words[count++] = "hash-object";
  words[count++] = "--no-filters";
  words[count++] = "--";
  for (size_t i = 0; i < f->files.len; i++)
    words[count++] = upk_arena_printf(f->c->arena, "%s/%.*s", f->tree.data,
                                      UPK_FMT(f->files.items[i].path))
                         .data;
  upk_str list = answer(f, words);
  if (!list.data)
    return failed(f, "checked");
  for (size_t i = 0; i < f->files.len; i++) {
    upk_str oid = list.data ? upk_str_split(list, '\n', &list) : UPK_STR("");
    if (!upk_str_equal(oid, f->files.items[i].oid))
      return refused(f, f->files.items[i].path,
                     "was not written as git has it: ");
  }
  return UPK_OK;
}

static upk_status write_files(fetching *f) {
  upk_status status = UPK_OK;
  for (size_t i = 0; status == UPK_OK && i < f->files.len; i++)
    status = write_file(f, &f->files.items[i]);
  return status == UPK_OK ? check_ids(f) : status;
}

/* ---- the folder ---- */

static int remove_one(const char *path, const struct stat *info, int type,
                      struct FTW *at) {
  (void)info;
  (void)type;
  (void)at;
  return remove(path);
}

static void remove_folder(const char *path) {
  nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* What was there goes aside first: a rename over a folder with files is none.
 */
static upk_status put_in_place(fetching *f, upk_str folder) {
  upk_str old = below(f, "old");
  if ((rename(folder.data, old.data) == 0 || errno == ENOENT) &&
      rename(f->tree.data, folder.data) == 0)
    return UPK_OK;
  upk_diag_add(&f->c->diags, 4003, UPK_NO_SPAN, "cannot write %.*s: %s",
               UPK_FMT(folder), strerror(errno));
  return UPK_ERROR;
}

static upk_status make_repository(fetching *f) {
  const char *words[] = {
      "init", "--quiet", "--bare", "--template=", f->git.repository.data, NULL};
  return git_run(f->c, &f->git, words, below(f, "out")) ? UPK_OK
                                                        : failed(f, "fetched");
}

upk_status pack_fetch(cli *c, upk_str project, upk_str git, upk_str commit,
                      upk_str folder) {
  fetching f = {.c = c,
                .shown = git,
                .commit = upk_arena_copy(c->arena, commit),
                .address = upk_arena_copy(c->arena, git)};
  upk_str pattern = upk_arena_printf(
      c->arena, "%.*s/.upkeep/packs/.fetch-XXXXXX", UPK_FMT(project));
  char *name = upk_arena_alloc(c->arena, pattern.len + 1);
  memcpy(name, pattern.data, pattern.len + 1);
  if (!find_git(c, &f.git))
    return UPK_ERROR;
  if (is_path(git) && git.data[0] != '/')
    f.address =
        upk_arena_printf(c->arena, "%.*s/%.*s", UPK_FMT(project), UPK_FMT(git));
  if (!make_folders((upk_str){name, pattern.len - strlen("/.fetch-XXXXXX")}) ||
      !mkdtemp(name)) {
    upk_diag_add(&c->diags, 4003, UPK_NO_SPAN, "cannot write %s: %s", name,
                 strerror(errno));
    return UPK_ERROR;
  }
  f.git.folder = upk_str_from(name);
  f.git.repository = below(&f, "git");
  f.tree = below(&f, "tree");
  upk_status status = make_repository(&f);
  if (status == UPK_OK && !fetch(&f))
    status = failed(&f, "fetched");
  if (status == UPK_OK)
    status = check_commit(&f);
  if (status == UPK_OK)
    status = list_files(&f);
  if (status == UPK_OK)
    status = write_files(&f);
  if (status == UPK_OK)
    status = put_in_place(&f, folder);
  remove_folder(name);
  return status;
}
