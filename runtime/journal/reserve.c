/* 64 KiB beside the log that nobody uses, so that a run which fills the disk
 * can still write how its last steps ended. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "journal/private.h"

enum { RESERVE_BYTES = 64 * 1024 };
static const char name[] = "log.reserve";

int journal_reserve(journal *j, const char *folder) {
  j->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (j->folder_fd < 0)
    return errno;
  j->reserve_fd =
      openat(j->folder_fd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (j->reserve_fd < 0)
    return errno;
  return posix_fallocate(j->reserve_fd, 0, RESERVE_BYTES);
}

bool journal_reserve_use(journal *j) {
  if (j->reserve_fd < 0)
    return false;
  bool freed = ftruncate(j->reserve_fd, 0) == 0;
  close(j->reserve_fd);
  j->reserve_fd = -1;
  j->full = true;
  return freed;
}

void journal_reserve_drop(journal *j) {
  if (j->reserve_fd >= 0)
    close(j->reserve_fd);
  if (j->folder_fd >= 0) {
    unlinkat(j->folder_fd, name, 0);
    close(j->folder_fd);
  }
  j->folder_fd = j->reserve_fd = -1;
}
