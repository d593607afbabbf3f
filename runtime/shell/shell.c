/* The loop of a run. */
#include "shell/shell.h"

#include "approvals.h"
#include "shell/private.h"
#include "timefmt.h"

static void stamp(const shell *sh, machine_event *event) {
  const upk_clock *clock = sh->request->clock;
  event->wall_us = clock->wall_us(clock->ctx);
  event->mono_us = clock->monotonic_us(clock->ctx);
}

static void handle(shell *sh, machine_event *event) {
  const machine_command *command;
  stamp(sh, event);
  tape_event(sh->tape, event);
  machine_handle(sh->machine, event);
  while ((command = machine_next(sh->machine))) {
    tape_command(sh->tape, command);
    shell_perform(sh, command);
  }
}

static void answer_record(shell *sh) {
  shell_logged logged = sh->logged.items[sh->logged_first++];
  /* A record that awaited the disk, and did not get there. */
  if (logged.record && sh->sync_error)
    logged.good = false;
  machine_event event = {.kind = MACHINE_LOGGED, .id = logged.id};
  event.head = (upk_str){logged.head, sizeof logged.head};
  if (!logged.good) {
    event.fault.kind = MACHINE_ERROR;
    event.fault.class = UPK_STR("error");
    /* That there is none was said when its folder could not be made. */
    if (sh->journal)
      event.fault.message = upk_str_from(journal_error(sh->journal));
  }
  if (logged.full) {
    event.fault = (machine_fault){
        .kind = MACHINE_ERROR,
        .class = UPK_STR("error"),
        .message = UPK_STR("the disk is full; the last records go to its "
                           "reserve")};
  }
  if (sh->logged_first == sh->logged.len)
    sh->logged_first = sh->logged.len = 0;
  handle(sh, &event);
}

/* In the order in which they were written. */
void shell_answer_records(shell *sh) {
  while (sh->logged_first < sh->logged.len &&
         !shell_awaits_disk(sh, &sh->logged.items[sh->logged_first]))
    answer_record(sh);
}

void shell_feed(shell *sh, machine_event *event) {
  handle(sh, event);
  shell_answer_records(sh);
}

static void on_watch(uv_timer_t *timer) {
  shell *sh = timer->data;
  shell_watch(sh);
  shell_sync_soon(sh);
  if (!machine_ended(sh->machine))
    shell_progress(sh);
}

/* 20261123T123300Z-a1b2c3 */
static upk_str make_run_id(upk_arena *arena, int64_t wall_us, uint64_t seed) {
  upk_buf stamp_text = {0}, id = {0};
  upk_timestamp_format(wall_us - wall_us % 1000000, &stamp_text);
  for (size_t i = 0; i < stamp_text.len; i++)
    if (stamp_text.data[i] != '-' && stamp_text.data[i] != ':')
      upk_buf_char(&id, stamp_text.data[i]);
  upk_buf_printf(&id, "-%06x", (unsigned)(seed & 0xffffff));
  upk_str copy = upk_arena_copy(arena, upk_buf_view(&id));
  upk_buf_free(&stamp_text);
  upk_buf_free(&id);
  return copy;
}

/* No step runs beyond the end of what was approved. */
static int64_t stop_at(const shell_request *request) {
  int64_t asked_us = request->apply->stop_at_us;
  int64_t approved_us = request->approved.not_after_us;
  return !approved_us || (asked_us && asked_us < approved_us) ? asked_us
                                                              : approved_us;
}

static void rely_on(const shell *sh, machine_config *config) {
  upk_json_error error;
  upk_str evidence = sh->request->approved.evidence;
  if (evidence.data)
    approvals_read(
        sh->arena,
        upk_json_parse(sh->arena,
                       upk_arena_printf(sh->arena, "%.*s\n", UPK_FMT(evidence)),
                       &error),
        config);
}

static machine_config make_config(const shell *sh, uint64_t seed) {
  const upk_apply_request *apply = sh->request->apply;
  unsigned jobs_max = sh->request->driver->jobs_max;
  unsigned jobs = apply->jobs ? apply->jobs : apply->target.jobs;
  if (jobs_max < 1)
    jobs_max = 1;
  if (jobs_max > MACHINE_JOBS_MAX)
    jobs_max = MACHINE_JOBS_MAX;
  if (apply->rehearse)
    jobs = 1; /* no more load than one step at a time */
  return (machine_config){
      .plan = sh->request->plan,
      .openings = sh->request->openings,
      .wait = apply->wait,
      .stop_at_us = stop_at(sh->request),
      .goal = apply->goal == UPK_ROLLBACK ? MACHINE_ROLLBACK : MACHINE_APPLY,
      .past = sh->request->past,
      .cancel_orphan =
          apply->cancel_orphan && sh->request->driver->evict != NULL,
      .pid = apply->pid,
      .jobs = jobs < 1          ? 1
              : jobs > jobs_max ? jobs_max
                                : jobs,
      .slots = jobs_max,
      .dry_run = apply->dry_run,
      .rehearse = (machine_rehearsal)apply->rehearse,
      .seed = seed,
      .run = sh->run,
      .host = apply->host,
      .user = apply->user,
      .role = apply->target.role,
  };
}

static void fill_outcome(const shell *sh, upk_outcome *outcome) {
  machine_counts counts = machine_count(sh->machine);
  *outcome = (upk_outcome){
      .applied = counts.applied,
      .skipped = counts.skipped,
      .failed = counts.failed,
      .undone = counts.undone,
      .cancelled = counts.cancelled,
      .in_doubt = counts.in_doubt,
      .rehearsed = counts.rehearsed,
      .total = counts.total,
      .blocked_us = counts.blocked_us,
  };
  if (sh->journal)
    outcome->run = upk_arena_copy(sh->request->diags->arena, sh->run);
}

static void run(shell *sh) {
  machine_event start = {.kind = MACHINE_START};
  shell_sync_open(sh);
  uv_timer_init(&sh->loop, &sh->watch);
  sh->watch.data = sh;
  uv_timer_start(&sh->watch, on_watch, 0, SHELL_WATCH_MS);
  shell_tell_past(sh);
  shell_feed(sh, &start);
  uv_run(&sh->loop, UV_RUN_DEFAULT);
  shell_sync_close(sh);
}

upk_status shell_run(const shell_request *request, upk_outcome *ret_outcome) {
  const upk_clock *clock = request->clock;
  uint64_t seed = clock->random(clock->ctx);
  shell sh = {.request = request, .status = UPK_ERROR};
  upk_status may = shell_may_start(request);
  if (may != UPK_OK)
    return may;
  sh.arena = upk_arena_new(NULL);
  sh.scratch = upk_arena_new(NULL);
  sh.journal = request->journal;
  sh.run = sh.journal ? request->apply->run
                      : make_run_id(sh.arena, clock->wall_us(clock->ctx), seed);
  sh.began_us = sh.told_us = clock->monotonic_us(clock->ctx);
  machine_config config = make_config(&sh, seed);
  sh.jobs = config.jobs;
  rely_on(&sh, &config);
  sh.machine = machine_new(&config);
  sh.tape = tape_new();
  if (uv_loop_init(&sh.loop) != 0) {
    upk_diag_add(request->diags, 3148, UPK_NO_SPAN,
                 "the event loop cannot be made");
    goto out;
  }
  run(&sh);
  uv_loop_close(&sh.loop);
  fill_outcome(&sh, ret_outcome);
out:
  journal_close(sh.journal);
  machine_free(sh.machine);
  tape_free(sh.tape);
  upk_arena_free(sh.scratch);
  upk_arena_free(sh.arena);
  return sh.status;
}
