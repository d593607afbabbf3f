/* Writing a part. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <zstd.h>

#include "part/private.h"

enum { LEVEL = 3, NAME_MAX_BYTES = 256, CHUNK_BYTES = 128 * 1024 };

struct part_writer {
  upk_arena *arena;
  char name[NAME_MAX_BYTES], temporary[NAME_MAX_BYTES];
  int folder, file; /* -1: not open */
  ZSTD_CCtx *packer;
  upk_sha256 *hash;
  int64_t rows, bytes, plain_bytes;
  part_error error; /* the first; no line is taken any more */
  char chunk[CHUNK_BYTES];
};

static void close_all(part_writer *part) {
  if (part->file >= 0)
    close(part->file);
  if (part->folder >= 0)
    close(part->folder);
  if (part->hash)
    (void)upk_sha256_finish(part->hash);
  ZSTD_freeCCtx(part->packer);
  upk_arena_free(part->arena);
}

void part_drop(part_writer *part) {
  if (!part)
    return;
  if (part->file >= 0)
    unlinkat(part->folder, part->temporary, 0);
  close_all(part);
}

static bool room(part_writer *part, upk_str folder) {
  struct statvfs disk;
  if (fstatvfs(part->folder, &disk))
    return part_bad(&part->error, errno, "folder `%.*s` cannot be looked at",
                    UPK_FMT(folder));
  if (disk.f_bavail * disk.f_frsize >= PART_ROOM_BYTES)
    return true;
  return part_bad(&part->error, 0,
                  "folder `%.*s` has less than %d MiB left on its disk",
                  UPK_FMT(folder), PART_ROOM_BYTES / 1024 / 1024);
}

static bool open_file(part_writer *part, upk_str folder) {
  part->folder = part_folder_open(folder, &part->error);
  if (part->folder < 0 || !room(part, folder))
    return false;
  /* What a dead process left; a link would not be followed. */
  unlinkat(part->folder, part->temporary, 0);
  part->file = openat(part->folder, part->temporary,
                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                      S_IRUSR | S_IWUSR);
  if (part->file < 0)
    return part_bad(&part->error, errno, "file `%s` cannot be made",
                    part->temporary);
  return true;
}

part_writer *part_create(upk_str folder, upk_str name, part_error *error) {
  upk_arena *arena = upk_arena_new(NULL);
  part_writer *part = UPK_NEW(arena, part_writer);
  part->arena = arena;
  part->folder = part->file = -1;
  snprintf(part->name, sizeof part->name, "%.*s", UPK_FMT(name));
  snprintf(part->temporary, sizeof part->temporary, "%.*s.tmp", UPK_FMT(name));
  part->packer = ZSTD_createCCtx();
  part->hash = upk_sha256_new();
  if (!part->packer)
    part_bad(&part->error, ENOMEM, "file `%s` cannot be packed", part->name);
  if (part->packer && open_file(part, folder)) {
    ZSTD_CCtx_setParameter(part->packer, ZSTD_c_compressionLevel, LEVEL);
    ZSTD_CCtx_setParameter(part->packer, ZSTD_c_checksumFlag, 1);
    return part;
  }
  *error = part->error;
  part_drop(part);
  return NULL;
}

static bool flush(part_writer *part, size_t len) {
  const char *from = part->chunk;
  upk_sha256_add(part->hash, (upk_str){from, len});
  part->bytes += (int64_t)len;
  while (len) {
    ssize_t count = write(part->file, from, len);
    if (count < 0 && errno != EINTR)
      return part_bad(&part->error, errno, "file `%s` cannot be written",
                      part->temporary);
    if (count > 0) {
      from += count;
      len -= (size_t)count;
    }
  }
  return true;
}

static bool pack(part_writer *part, upk_str bytes, ZSTD_EndDirective how) {
  ZSTD_inBuffer in = {bytes.data, bytes.len, 0};
  for (;;) {
    ZSTD_outBuffer out = {part->chunk, sizeof part->chunk, 0};
    size_t rest = ZSTD_compressStream2(part->packer, &out, &in, how);
    if (ZSTD_isError(rest))
      return part_bad(&part->error, 0, "file `%s` cannot be packed: %s",
                      part->name, ZSTD_getErrorName(rest));
    if (out.pos && !flush(part, out.pos))
      return false;
    if (how == ZSTD_e_end ? rest == 0 : in.pos == in.size)
      return true;
  }
}

bool part_put(part_writer *part, upk_str line, part_error *error) {
  if (part->error.fault == PART_FINE) {
    part->plain_bytes += (int64_t)line.len + 1;
    part->rows++;
    if (part->plain_bytes > PART_BYTES_MAX) {
      part_bad(&part->error, 0, "a part would have more than %d MiB",
               PART_BYTES_MAX / 1024 / 1024);
      part->error.fault = PART_LARGE;
    } else if (pack(part, line, ZSTD_e_continue)) {
      (void)pack(part, UPK_STR("\n"), ZSTD_e_continue);
    }
  }
  *error = part->error;
  return part->error.fault == PART_FINE;
}

static bool remove_at(int folder, const char *name, part_error *error) {
  if (unlinkat(folder, name, 0) == 0)
    return fsync(folder) == 0 ||
           part_bad(error, errno, "the folder of `%s` cannot be synced", name);
  return errno == ENOENT ||
         part_bad(error, errno, "file `%s` cannot be removed", name);
}

/* The file's bytes are on the disk before its name is, and that before the
 * delete commits. */
static bool publish(part_writer *part) {
  part_error *error = &part->error;
  if (!pack(part, UPK_STR(""), ZSTD_e_end))
    return false;
  if (fsync(part->file))
    return part_bad(error, errno, "file `%s` cannot be synced",
                    part->temporary);
  int file = part->file;
  part->file = -1;
  if (close(file) ||
      renameat(part->folder, part->temporary, part->folder, part->name)) {
    int number = errno;
    unlinkat(part->folder, part->temporary, 0);
    return part_bad(error, number, "file `%s` cannot be given its name",
                    part->name);
  }
  if (fsync(part->folder))
    return part_bad(error, errno, "the folder of `%s` cannot be synced",
                    part->name);
  return true;
}

bool part_finish(part_writer *part, part_made *ret_made, part_error *error) {
  bool good = part->error.fault == PART_FINE;
  if (good && part->rows)
    good = publish(part);
  else if (good)
    good = remove_at(part->folder, part->name, &part->error);
  *error = part->error;
  if (good) {
    *ret_made = (part_made){.rows = part->rows,
                            .bytes = part->rows ? part->bytes : 0,
                            .digest = upk_sha256_take(part->hash)};
  }
  part_drop(part);
  return good;
}

bool part_remove(upk_str folder, upk_str name, part_error *error) {
  char text[NAME_MAX_BYTES];
  int fd = part_folder_open(folder, error);
  if (fd < 0)
    return false;
  snprintf(text, sizeof text, "%.*s", UPK_FMT(name));
  bool good = remove_at(fd, text, error);
  close(fd);
  return good;
}
