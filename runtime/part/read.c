/* Reading a part back. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "part/private.h"

enum { CHUNK_BYTES = 128 * 1024, FILE_BYTES_MAX = 300 * 1024 * 1024 };

static bool take_file(int fd, const char *name, upk_buf *bytes,
                      part_error *error) {
  struct stat is;
  if (fstat(fd, &is))
    return part_bad(error, errno, "file `%s` cannot be looked at", name);
  if (!S_ISREG(is.st_mode) || is.st_size > FILE_BYTES_MAX)
    return part_bad(error, 0, "file `%s` is no part of an archive", name);
  for (;;) {
    upk_buf_reserve(bytes, CHUNK_BYTES);
    ssize_t len = read(fd, bytes->data + bytes->len, CHUNK_BYTES);
    if (len < 0 && errno != EINTR)
      return part_bad(error, errno, "file `%s` cannot be read", name);
    if (len == 0)
      return true;
    if (len > 0)
      bytes->len += (size_t)len;
    if (bytes->len > FILE_BYTES_MAX)
      return part_bad(error, 0, "file `%s` is no part of an archive", name);
  }
}

static bool unpack(upk_str bytes, const char *name, upk_buf *lines,
                   part_error *error) {
  ZSTD_DCtx *unpacker = ZSTD_createDCtx();
  ZSTD_inBuffer in = {bytes.data, bytes.len, 0};
  size_t rest = 1, before = lines->len;
  bool good = unpacker != NULL;
  while (good && (in.pos < in.size || rest)) {
    upk_buf_reserve(lines, CHUNK_BYTES);
    ZSTD_outBuffer out = {lines->data + lines->len, CHUNK_BYTES, 0};
    size_t at = in.pos;
    rest = ZSTD_decompressStream(unpacker, &out, &in);
    lines->len += out.pos;
    good = !ZSTD_isError(rest) && lines->len - before <= PART_BYTES_MAX &&
           (out.pos || in.pos > at);
  }
  ZSTD_freeDCtx(unpacker);
  return good || part_bad(error, 0, "file `%s` cannot be unpacked", name);
}

static bool check(upk_str bytes, const char *name, upk_str digest,
                  part_error *error) {
  upk_digest found = upk_digest_of(bytes);
  if (upk_str_equal(upk_digest_view(&found), digest))
    return true;
  return part_bad(error, 0,
                  "file `%s` is not the one that was written: it has %s, not "
                  "%.*s",
                  name, found.text, UPK_FMT(digest));
}

bool part_read(upk_str folder, upk_str name, upk_str digest, upk_buf *lines,
               part_error *error) {
  char text[256];
  upk_buf bytes = {0};
  int in = part_folder_open(folder, error), fd = -1;
  bool good = in >= 0;
  snprintf(text, sizeof text, "%.*s", UPK_FMT(name));
  if (good) {
    fd = openat(in, text, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    good =
        fd >= 0 || part_bad(error, errno, "file `%s` cannot be opened", text);
  }
  good = good && take_file(fd, text, &bytes, error) &&
         check(upk_buf_view(&bytes), text, digest, error) &&
         unpack(upk_buf_view(&bytes), text, lines, error);
  if (fd >= 0)
    close(fd);
  if (in >= 0)
    close(in);
  upk_buf_free(&bytes);
  return good;
}
