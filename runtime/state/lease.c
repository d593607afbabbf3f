/* Who works on a target: told to others, and no lock. That one is in the
 * target itself, on the session that works. */
#include <errno.h>
#include <signal.h>

#include "state/db.h"

static const char doing[] = "noting in the state store who works";

static bool is_alive(int64_t pid) {
  return kill((pid_t)pid, 0) == 0 || errno == EPERM;
}

/* Of another host it is not known whether it lives; it is named. */
static upk_str holder(upk_state *s, upk_str target, upk_str host, int64_t pid,
                      upk_diags *diags) {
  upk_str found = UPK_NO_STR;
  sqlite3_stmt *q = db_start(
      s, "select host, pid from lease where target = ?1 and not released", "t",
      target);
  if (db_next(s, q)) {
    bool here = upk_str_equal(db_bytes(q, 0), host);
    if (!here || (db_int(q, 1) != pid && is_alive(db_int(q, 1))))
      found =
          upk_arena_printf(diags->arena, "process %lld on %.*s",
                           (long long)db_int(q, 1), UPK_FMT(db_bytes(q, 0)));
  }
  db_end(s, q);
  return found;
}

int64_t upk_state_lease(upk_state *s, upk_str target, upk_str host, int64_t pid,
                        upk_diags *diags, upk_str *ret_other) {
  int64_t epoch = 0;
  if (!state_begin(s, true, diags, doing))
    return 0;
  upk_str other = holder(s, target, host, pid, diags);
  sqlite3_stmt *q =
      db_start(s,
               "insert into lease (target, epoch, host, pid, since_us)"
               " values (?1, 1, ?2, ?3, ?4) on conflict (target) do update set"
               " epoch = epoch + 1, host = excluded.host, pid = excluded.pid,"
               " since_us = excluded.since_us, released = 0 returning epoch",
               "ttii", target, host, pid, s->clock->wall_us(s->clock->ctx));
  if (db_next(s, q))
    epoch = db_int(q, 0);
  while (db_next(s, q))
    ;
  db_end(s, q);
  if (!state_end(s, diags, doing))
    return 0;
  if (ret_other)
    *ret_other = other;
  return epoch;
}

void upk_state_release(upk_state *s, upk_str target, int64_t epoch,
                       upk_diags *diags) {
  if (!epoch || !state_begin(s, true, diags, doing))
    return;
  db_run(s, "update lease set released = 1 where target = ?1 and epoch = ?2",
         "ti", target, epoch);
  state_end(s, diags, doing);
}
