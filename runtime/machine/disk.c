/* Room on the disk: asked before a step that writes much, and watched while it
 * runs. What is not known is said once; a policy that must know it has a
 * throttle over disk_free, which unknown never holds. */
#include "machine/private.h"
#include "timefmt.h"

/* What is never filled: a PostgreSQL that cannot write its log (segments of
 * 16 MiB) stops as a whole. */
#define RESERVE_BYTES (INT64_C(64) * 1024 * 1024)

static upk_str bytes_text(machine *m, int64_t bytes) {
  upk_buf text = {0};
  upk_bytes_human(bytes, &text);
  upk_str copy = upk_arena_copy(m->out, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

static const sample *free_now(const machine *m) {
  return m->watch.on && m->watch.disk >= 0 ? &m->watch.samples[m->watch.disk]
                                           : NULL;
}

bool disk_room(machine *m, step *s) {
  const sample *value = free_now(m);
  int64_t wanted = s->plan->room_bytes;
  if (!wanted || !value)
    return true;
  if (!value->known) {
    upk_str why = throttle_reason(m, (size_t)m->watch.disk);
    if (!m->watch.disk_said)
      record_note(m,
                  command_text(m,
                               "the room on the disk is not known (%.*s); step "
                               "`%.*s` needs %.*s",
                               UPK_FMT(why), UPK_FMT(s->plan->id),
                               UPK_FMT(bytes_text(m, wanted))));
    m->watch.disk_said = true;
    return true;
  }
  if (value->integer - RESERVE_BYTES >= wanted)
    return true;
  fail_step(m, s, 3251,
            command_text(m,
                         "it needs %.*s on the disk, and %.*s are free, of "
                         "which %.*s are kept",
                         UPK_FMT(bytes_text(m, wanted)),
                         UPK_FMT(bytes_text(m, value->integer)),
                         UPK_FMT(bytes_text(m, RESERVE_BYTES))));
  return false;
}

void disk_watch(machine *m) {
  const sample *value = free_now(m);
  if (!value || !value->known || value->integer >= RESERVE_BYTES)
    return;
  upk_str text = command_text(m, "%.*s are free on the disk, and %.*s are kept",
                              UPK_FMT(bytes_text(m, value->integer)),
                              UPK_FMT(bytes_text(m, RESERVE_BYTES)));
  for (unsigned i = 0; i < m->config.jobs; i++) {
    int number = m->sessions[i].step;
    if (number != NO_STEP && m->steps[number].plan->room_bytes)
      guard_no_room(m, i, text);
  }
}

/* The class is the driver's word for it. */
static bool is_full(const machine_fault *fault) {
  return upk_str_is(fault->class, "disk full");
}

void disk_explain(machine *m, step *s) {
  bool full = m->event->kind == MACHINE_REPLY && s->fault != MACHINE_FINE &&
              is_full(&m->event->fault);
  if (full) {
    s->why.code = 3252;
    s->why.help = UPK_STR("make room, then resume the run");
  }
  if (full || s->watched.cut == CUT_ROOM)
    m->stopping = true;
}
