/* What writing a new log and going on with an old one share. */
#ifndef RUNTIME_JOURNAL_PRIVATE_H
#define RUNTIME_JOURNAL_PRIVATE_H

#include "journal/journal.h"

struct journal {
  const journal_files *files;
  int fd;
  int64_t seq;
  int error; /* errno of the first failure; final */
  char head[JOURNAL_HASH_TEXT + 1];
  upk_buf line;
  /* Until the first record is on disk the folder has a hidden name: a process
   * that dies before leaves no run behind. Empty when it has its own. */
  upk_buf hidden, folder;
  /* Room for the last records on a full disk: see reserve.c. */
  int folder_fd, reserve_fd; /* -1: none */
  bool full;                 /* the reserve is used */
};

/* Makes the reserve in the folder; 0, or errno. */
int journal_reserve(journal *j, const char *folder);
/* Gives its room back. False when there was none. */
bool journal_reserve_use(journal *j);
void journal_reserve_drop(journal *j); /* the log is closed */

/* Takes the file over. */
journal *journal_new(const journal_files *files, int fd);
/* All of it; 0, or errno. */
int journal_write_all(const journal_files *files, int fd, upk_str bytes);
/* The same; what was not written is left in *bytes. */
int journal_write_rest(const journal_files *files, int fd, upk_str *bytes);
int journal_sync_file(const journal_files *files, int fd);

#endif
