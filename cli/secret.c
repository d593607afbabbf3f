/* Secrets: resolved late, kept out of core dumps, wiped at the end. */
#define _GNU_SOURCE /* prctl's constants */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

enum { SECRET_BYTES_MAX = 64 * 1024 };

/* No core file, and no other process of the same user may look into this one.
 * Only the soft limit: a program that a step runs may raise its own. A
 * sanitizer looks for leaks by looking into the process. */
static void dump_nothing(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_CORE, &limit) == 0) {
    limit.rlim_cur = 0;
    setrlimit(RLIMIT_CORE, &limit);
  }
#ifndef UPKEEP_SANITIZED
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

static upk_str keep(cli *c, upk_str secret) {
  upk_str copy = upk_arena_copy(c->arena, secret);
  *UPK_PUSH(c->arena, &c->secrets) = copy;
  return copy;
}

void secrets_wipe(cli *c) {
  for (size_t i = 0; i < c->secrets.len; i++) {
    union {
      const char *kept;
      char *ours; /* copies of keep() */
    } bytes = {c->secrets.items[i].data};
    upk_wipe(bytes.ours, c->secrets.items[i].len);
  }
  c->secrets.len = 0;
}

/* ---- where it stands ---- */

static bool from_environment(cli *c, upk_str reference, upk_str *ret_secret) {
  upk_str name = upk_arena_copy(c->arena, reference);
  const char *value = getenv(name.data);
  if (!value) {
    upk_diag_add(&c->diags, 4004, UPK_NO_SPAN,
                 "the environment variable %s is not set", name.data);
    return false;
  }
  *ret_secret = keep(c, upk_str_from(value));
  return true;
}

/* Who may read it is as libpq has it for keys: the owner alone, or where the
 * owner is root, a group too (PostgreSQL manual, 34.19.2). */
static const char *why_refused(const struct stat *info) {
  if (!S_ISREG(info->st_mode))
    return "is no regular file";
  if (info->st_uid != 0 && info->st_uid != geteuid())
    return "belongs to another user";
  if (info->st_mode &
      (info->st_uid == 0 ? S_IWGRP | S_IRWXO : S_IRWXG | S_IRWXO))
    return "may be read or written by others";
  return NULL;
}

static bool refuse_file(cli *c, upk_str path, const char *why, mode_t mode) {
  upk_diag *diag = upk_diag_add(&c->diags, 4060, UPK_NO_SPAN,
                                "the secret in %.*s is not used: it %s "
                                "(mode %04o)",
                                UPK_FMT(path), why, (unsigned)mode & 07777);
  if (S_ISREG(mode))
    upk_diag_help(&c->diags, diag, "chmod 600 %.*s", UPK_FMT(path));
  return false;
}

static bool cannot_read(cli *c, upk_str path, int reason) {
  upk_diag_add(&c->diags, 4004, UPK_NO_SPAN,
               "cannot read the secret in %.*s: %s", UPK_FMT(path),
               strerror(reason));
  return false;
}

/* Opened once, so that what was looked at is what is read; a pipe is not
 * waited for. */
static bool from_file(cli *c, upk_str path, upk_str *ret_secret) {
  char bytes[SECRET_BYTES_MAX];
  struct stat info;
  upk_str name = upk_arena_copy(c->arena, path);
  int fd = open(name.data, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 || fstat(fd, &info) != 0) {
    int reason = errno;
    if (fd >= 0)
      close(fd);
    return cannot_read(c, path, reason);
  }
  const char *refused = why_refused(&info);
  ssize_t len = refused ? 0 : read(fd, bytes, sizeof bytes);
  int reason = errno;
  close(fd);
  if (refused)
    return refuse_file(c, path, refused, info.st_mode);
  if (len < 0)
    return cannot_read(c, path, reason);
  *ret_secret = keep(c, upk_str_trim((upk_str){bytes, (size_t)len}));
  upk_wipe(bytes, sizeof bytes);
  return true;
}

/* `reference` without its "env:" or "file:". */
static bool resolve(cli *c, bool environment, upk_str reference, upk_str folder,
                    upk_str *ret_secret) {
  if (!environment && !upk_str_starts(reference, "/"))
    reference = upk_arena_printf(c->arena, "%.*s/%.*s", UPK_FMT(folder),
                                 UPK_FMT(reference));
  if (!(environment ? from_environment(c, reference, ret_secret)
                    : from_file(c, reference, ret_secret)))
    return false;
  if (ret_secret->len && !memchr(ret_secret->data, '\n', ret_secret->len))
    return true;
  upk_diag_add(&c->diags, 4061, UPK_NO_SPAN, "%s %.*s %s",
               environment ? "the environment variable" : "the secret in",
               UPK_FMT(reference),
               ret_secret->len ? "has more than one line" : "is empty");
  return false;
}

/* ---- in a list of keywords ---- */

/* The place of `password=env:` or `password=file:`, up to white space. */
static bool find_reference(upk_str text, size_t *ret_at, size_t *ret_len,
                           bool *ret_environment) {
  static const char mark[] = "password=";
  enum { MARK = sizeof mark - 1 };
  for (size_t i = 0; i + MARK < text.len; i++) {
    upk_str rest = {text.data + i, text.len - i}, value = {0};
    if (!upk_str_starts(rest, mark) || (i && text.data[i - 1] != ' '))
      continue;
    value = (upk_str){rest.data + MARK, rest.len - MARK};
    *ret_environment = upk_str_starts(value, "env:");
    if (!*ret_environment && !upk_str_starts(value, "file:"))
      return false;
    *ret_at = i + MARK;
    upk_str end;
    *ret_len = upk_str_split(value, ' ', &end).len;
    return true;
  }
  return false;
}

/* 'se\'cret', as libpq reads it. */
static void add_quoted(upk_str secret, upk_buf *out) {
  upk_buf_char(out, '\'');
  for (size_t i = 0; i < secret.len; i++) {
    if (secret.data[i] == '\'' || secret.data[i] == '\\')
      upk_buf_char(out, '\\');
    upk_buf_char(out, secret.data[i]);
  }
  upk_buf_char(out, '\'');
}

static bool resolve_part(cli *c, upk_str text, upk_str folder, size_t at,
                         size_t len, bool environment, upk_str *ret_text) {
  size_t skip = environment ? 4 : 5;
  upk_str secret, reference = {text.data + at + skip, len - skip};
  if (!resolve(c, environment, reference, folder, &secret))
    return false;
  upk_buf out = {0};
  upk_buf_add(&out, text.data, at);
  add_quoted(secret, &out);
  upk_buf_add(&out, text.data + at + len, text.len - at - len);
  *ret_text = keep(c, upk_buf_view(&out));
  upk_wipe(out.data, out.len);
  upk_buf_free(&out);
  return true;
}

bool secret_resolve(cli *c, upk_str connect, upk_str folder,
                    upk_str *ret_connect) {
  size_t at, len;
  bool environment = upk_str_starts(connect, "env:");
  dump_nothing();
  *ret_connect = connect;
  if (environment)
    return resolve(c, true, (upk_str){connect.data + 4, connect.len - 4},
                   folder, ret_connect);
  /* file:// is a URI, for the driver. */
  if (upk_str_starts(connect, "file:") && !upk_str_starts(connect, "file://"))
    return resolve(c, false, (upk_str){connect.data + 5, connect.len - 5},
                   folder, ret_connect);
  if (find_reference(connect, &at, &len, &environment))
    return resolve_part(c, connect, folder, at, len, environment, ret_connect);
  return true;
}
