/* The folder of an archive, opened so that nobody can exchange it. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "part/private.h"

bool part_bad(part_error *error, int number, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(error->text, sizeof error->text, format, args);
  va_end(args);
  size_t len = strlen(error->text);
  if (number)
    snprintf(error->text + len, sizeof error->text - len, ": %s",
             strerror(number));
  error->fault = PART_BAD;
  return false;
}

static int refuse(part_error *error, int fd, int number, upk_str folder,
                  const char *why) {
  if (fd >= 0)
    close(fd);
  part_bad(error, number, "folder `%.*s` %s", UPK_FMT(folder), why);
  return -1;
}

/* With O_NOFOLLOW a link is no folder (open(2): ELOOP or
 * ENOTDIR). */
int part_folder_open(upk_str folder, part_error *error) {
  upk_str rest = folder;
  struct stat is;
  char name[256];
  int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  while (fd >= 0 && rest.data) {
    upk_str one = upk_str_split(rest, '/', &rest);
    if (!one.len)
      continue;
    if (one.len >= sizeof name)
      return refuse(error, fd, ENAMETOOLONG, folder, "cannot be opened");
    memcpy(name, one.data, one.len);
    name[one.len] = '\0';
    int next =
        openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int number = errno;
    close(fd);
    errno = number;
    fd = next;
  }
  if (fd < 0)
    return refuse(error, -1, errno, folder,
                  errno == ENOTDIR || errno == ELOOP
                      ? "is none, or a symbolic link leads to it"
                      : "cannot be opened");
  if (fstat(fd, &is))
    return refuse(error, fd, errno, folder, "cannot be looked at");
  if (is.st_mode & S_IWOTH)
    return refuse(error, fd, 0, folder, "can be written to by everybody");
  return fd;
}
