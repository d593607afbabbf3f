/* Records of the log: what two faultless runs of a plan share goes to `det`,
 * everything else to `obs`. */
#include <string.h>

#include "machine/private.h"

void record_init(record *r, machine *m, step *s, const char *event,
                 bool has_det) {
  *r = (record){.m = m, .step = s, .event = event, .has_det = has_det};
  r->det_writer = upk_json_writer_new(upk_sink_buf(&r->det));
  r->obs_writer = upk_json_writer_new(upk_sink_buf(&r->obs));
  upk_json_begin_object(r->det_writer);
  upk_json_begin_object(r->obs_writer);
}

void record_rewind(step *s) { s->position = 0; }

/* A det record of a step that an earlier attempt wrote already stays empty; an
 * outcome is always said, and stands beside that sequence. */
static bool det_repeats(record *r) {
  step *s = r->step;
  bool outcome =
      strcmp(r->event, "step.end") == 0 || strcmp(r->event, "step.skip") == 0;
  if (!r->has_det)
    return true;
  if (!s || outcome)
    return false;
  if (++s->position <= s->mark)
    return true;
  s->mark = s->position;
  return false;
}

/* For those who watch. */
static const char *state_of(const machine *m, const step *s) {
  if (s)
    return s->waits_for ? "waiting" : machine_state_name(s->state);
  if (m->phase >= RUN_SEALING)
    return "ended";
  return m->stop ? "stopping" : m->paused ? "paused" : "running";
}

uint64_t record_end(record *r, bool sync, upk_str text) {
  machine *m = r->m;
  upk_json_writer *obs = r->obs_writer;
  int64_t since = r->step ? r->step->started_us : m->began_us;
  if (r->step) {
    upk_json_put_string(obs, "step", r->step->plan->id);
    upk_json_put_string(r->det_writer, "step", r->step->plan->id);
  }
  if (text.len)
    upk_json_put_string(obs, "text", text);
  upk_json_put_int(obs, "wall_us", m->wall_us);
  upk_json_end_object(obs);
  upk_json_end_object(r->det_writer);
  upk_json_writer_close(obs);
  upk_json_writer_close(r->det_writer);
  machine_command *command = command_add(m, MACHINE_LOG);
  command->event = r->event;
  command->det = det_repeats(r) ? UPK_STR("{}")
                                : upk_arena_copy(m->out, upk_buf_view(&r->det));
  command->obs = upk_arena_copy(m->out, upk_buf_view(&r->obs));
  command->sync = sync;
  command->soon = sync && r->soon;
  command->step = r->step ? r->step->plan->id : UPK_NO_STR;
  command->state = state_of(m, r->step);
  command->text = upk_arena_copy(m->out, text.data ? text : UPK_STR(""));
  command->elapsed_us = since ? m->mono_us - since : 0;
  upk_buf_free(&r->det);
  upk_buf_free(&r->obs);
  return command->id;
}

/* Where a failed step's effect is, if any: see past.c. */
static const char *left_of(const step *s) {
  /* Perhaps: whoever takes the run over asks again. */
  if (s->state == MACHINE_CANCELLED && (s->partly || s->had_begun))
    return "partial";
  if (s->state != MACHINE_FAILED || !s->effect)
    return NULL;
  return s->done || s->was_applied || s->undoing ? "done" : "partial";
}

void record_outcome(record *r) {
  const step *s = r->step;
  upk_str outcome = upk_str_from(machine_state_name(s->state));
  const char *left = left_of(s);
  r->has_det = s->state != MACHINE_CANCELLED && s->state != MACHINE_IN_DOUBT;
  if (left)
    upk_json_put_string(r->obs_writer, "left", upk_str_from(left));
  upk_json_put_string(r->has_det ? r->det_writer : r->obs_writer, "outcome",
                      outcome);
}

void record_recovered(machine *m, step *s, const char *event,
                      const plan_check *check) {
  bool ends = strcmp(event, "step.end") == 0;
  bool undoes = strcmp(event, "undo") == 0;
  record r;
  record_init(&r, m, s, undoes ? "step.statement" : event, true);
  if (ends) {
    upk_json_put_int(r.obs_writer, "attempts", s->attempt);
    record_outcome(&r);
  } else if (check) {
    upk_json_put_string(r.det_writer, "check", check->name);
    upk_json_put_bool(r.det_writer, "holds", true);
    upk_json_put_string(r.det_writer, "part", UPK_STR("post"));
  } else {
    upk_json_put_string(r.det_writer, "part",
                        upk_str_from(undoes ? "undo" : "run"));
    upk_json_put_int(r.det_writer, "statement", (int64_t)s->statement + 1);
  }
  upk_json_put_bool(r.obs_writer, "recovered", true);
  record_end(&r, ends, UPK_NO_STR);
}

void record_await(record *r, bool sync, upk_str text) {
  session *se = &r->m->sessions[r->step->session];
  se->awaiting = record_end(r, sync, text);
}

void record_note(machine *m, upk_str text) {
  record r;
  record_init(&r, m, NULL, "run.note", false);
  record_end(&r, false, text);
}

void record_order(machine *m, const char *order, upk_str by, upk_str text) {
  record r;
  if (m->phase < RUN_BEGINNING || m->phase > RUN_WORKING)
    return;
  record_init(&r, m, NULL, "run.note", false);
  upk_json_put_string(r.obs_writer, "by", by);
  upk_json_put_string(r.obs_writer, "order", upk_str_from(order));
  record_end(&r, false, text);
}

void record_notices(upk_json_writer *w, const machine_event *event) {
  if (!event->notice_count)
    return;
  upk_json_key(w, "notices");
  upk_json_begin_array(w);
  for (size_t i = 0; i < event->notice_count; i++) {
    upk_json_begin_object(w);
    upk_json_put_string(w, "code", event->notices[i].code);
    upk_json_put_string(w, "message", event->notices[i].message);
    upk_json_put_string(w, "severity", event->notices[i].severity);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

static void write_cell(upk_json_writer *w, const cell *c) {
  if (c->null || c->type == UPK_TYPE_NULL) {
    upk_json_null(w);
  } else if (c->type == UPK_TYPE_TEXT) {
    upk_json_string(w, c->text);
  } else if (c->type == UPK_TYPE_BOOL) {
    upk_json_bool(w, c->integer != 0);
  } else if (c->type == UPK_TYPE_LIST) {
    upk_json_begin_array(w);
    for (size_t i = 0; i < c->list.count; i++)
      upk_json_string(w, c->list.items[i]);
    upk_json_end_array(w);
  } else {
    upk_json_int(w, c->integer);
  }
}

/* Keys go in byte order: found by selection, since rows are short. */
void record_cells(upk_json_writer *w, const cells *set) {
  const cell *last = NULL;
  upk_json_begin_object(w);
  for (size_t n = 0; n < set->len; n++) {
    const cell *least = NULL;
    for (size_t i = 0; i < set->len; i++) {
      const cell *c = &set->items[i];
      if ((!last || upk_str_compare(c->name, last->name) > 0) &&
          (!least || upk_str_compare(c->name, least->name) < 0))
        least = c;
    }
    if (!least)
      break;
    upk_json_key_str(w, least->name);
    write_cell(w, least);
    last = least;
  }
  upk_json_end_object(w);
}

static void write_openings(upk_json_writer *w, const machine_openings *of) {
  upk_json_begin_array(w);
  for (size_t i = 0; i < of->count; i++) {
    upk_json_begin_array(w);
    upk_json_int(w, of->items[i].open_us);
    upk_json_int(w, of->items[i].close_us);
    upk_json_end_array(w);
  }
  upk_json_end_array(w);
}

/* What the gate was told, for who replays the run. */
static void write_windows(upk_json_writer *w, const machine *m) {
  upk_json_key(w, "openings");
  upk_json_begin_object(w);
  upk_json_key(w, "of");
  upk_json_begin_array(w);
  for (size_t i = 0; i <= m->plan->window_count; i++)
    write_openings(w, &m->config.openings[i]);
  upk_json_end_array(w);
  upk_json_put_int(w, "stop_at", m->config.stop_at_us);
  upk_json_put_bool(w, "wait", m->config.wait);
  upk_json_end_object(w);
}

uint64_t record_run_begin(machine *m) {
  const plan *p = m->plan;
  bool anew = !m->config.past;
  record r;
  record_init(&r, m, NULL,
              anew                                 ? "run.begin"
              : m->config.goal == MACHINE_ROLLBACK ? "run.rollback"
                                                   : "run.resume",
              anew);
  upk_json_writer *det = r.det_writer, *obs = r.obs_writer;
  if (anew) {
    upk_json_put_string(det, "engine", p->engine);
    upk_json_put_string(det, "intent", p->intent);
    upk_json_put_string(det, "plan", p->digest);
    upk_json_put_int(det, "steps", (int64_t)p->step_count);
  }
  if (m->config.approvals_text.data) {
    upk_json_key(obs, "approvals");
    upk_json_raw(obs, m->config.approvals_text);
  }
  upk_json_put_bool(obs, "cancel_orphan", m->config.cancel_orphan);
  upk_json_put_string(obs, "host", m->config.host);
  upk_json_key(obs, "identity");
  upk_json_write(obs, p->identity);
  upk_json_put_int(obs, "jobs", m->config.jobs);
  if (m->config.openings)
    write_windows(obs, m);
  upk_json_put_int(obs, "pid", m->config.pid);
  upk_json_put_string(obs, "plan_file", upk_digest_view(&p->file));
  upk_json_put_string(obs, "role", m->config.role);
  upk_json_put_string(obs, "run", m->config.run);
  /* As text: it may be beyond 2^53. */
  upk_json_put_string(
      obs, "seed",
      command_text(m, "%016llx", (unsigned long long)m->config.seed));
  upk_json_put_string(obs, "session", m->sessions[0].name);
  upk_json_put_int(obs, "slots", m->config.slots);
  upk_json_put_string(obs, "target", p->target);
  upk_json_put_string(obs, "user", m->config.user);
  return record_end(&r, true, UPK_NO_STR);
}

uint64_t record_run_end(machine *m, upk_status status) {
  machine_counts counts = machine_count(m);
  record r;
  record_init(&r, m, NULL, "run.end", true);
  upk_json_writer *det = r.det_writer;
  upk_json_put_int(det, "applied", (int64_t)counts.applied);
  upk_json_put_int(det, "cancelled", (int64_t)counts.cancelled);
  upk_json_put_int(det, "failed", (int64_t)counts.failed);
  upk_json_put_int(det, "in_doubt", (int64_t)counts.in_doubt);
  upk_json_put_int(det, "skipped", (int64_t)counts.skipped);
  upk_json_put_string(det, "status", upk_str_from(upk_status_text(status)));
  upk_json_put_int(det, "total", (int64_t)counts.total);
  upk_json_put_int(det, "undone", (int64_t)counts.undone);
  if (m->plan->guard_sql.data)
    upk_json_put_int(r.obs_writer, "blocked_ms", m->watch.blocked_us / 1000);
  return record_end(&r, true, upk_str_from(upk_status_text(status)));
}
