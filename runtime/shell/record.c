/* Records, diagnostics and progress. */
#include <stdio.h>
#include <string.h>

#include "shell/private.h"

enum { PROGRESS_US = 1000 * 1000 };

static void tell(shell *sh, upk_event *event) {
  const upk_apply_request *apply = sh->request->apply;
  const upk_clock *clock = sh->request->clock;
  event->run = sh->run;
  event->wall_us = clock->wall_us(clock->ctx);
  event->done = sh->done;
  event->total = sh->request->plan->step_count;
  if (apply->on_event)
    apply->on_event(apply->ctx, event);
}

/* Its intent is in the log: what comes next is the step itself. */
static const char *state_shown(const machine_command *command) {
  return strcmp(command->event, "step.begin") == 0 ? "running" : command->state;
}

/* Steps that are under way, and their state, for progress. */
static void note_active(shell *sh, const machine_command *command,
                        int64_t now_us) {
  bool begins = strcmp(command->event, "step.begin") == 0;
  bool ends = strcmp(command->event, "step.end") == 0 ||
              strcmp(command->event, "step.skip") == 0;
  if (ends && sh->done < sh->request->plan->step_count)
    sh->done++;
  for (size_t i = 0; (begins || ends) && i < MACHINE_SESSIONS_MAX; i++) {
    shell_active *active = &sh->active[i];
    bool mine = active->step.data && upk_str_equal(active->step, command->step);
    if (mine)
      active->step = UPK_NO_STR;
    if (begins && !active->step.data) {
      *active = (shell_active){.step = command->step,
                               .state = state_shown(command),
                               .since_us = now_us};
      return;
    }
  }
}

/* One that waits between two attempts or rounds does not run. */
static void note_state(shell *sh, const machine_command *command) {
  for (size_t i = 0; i < MACHINE_SESSIONS_MAX; i++) {
    shell_active *active = &sh->active[i];
    if (active->step.data && upk_str_equal(active->step, command->step))
      active->state = state_shown(command);
  }
}

/* How far the batch of an active step is, for progress. */
static void note_batch(shell *sh, const machine_command *command) {
  for (size_t i = 0; i < MACHINE_SESSIONS_MAX; i++) {
    shell_active *active = &sh->active[i];
    if (active->step.data && upk_str_equal(active->step, command->step))
      (void)snprintf(active->text, sizeof active->text, "%.*s",
                     UPK_FMT(command->text));
  }
}

/* The first record makes the run's folder. */
static bool ensure_journal(shell *sh) {
  const shell_request *request = sh->request;
  if (sh->journal)
    return true;
  if (journal_create(request->apply->runs_folder, sh->run, request->apply->plan,
                     request->files, request->diags, &sh->journal) != UPK_OK)
    return false;
  /* For a resume to judge again; without it reviewers would sign anew. */
  const upk_approvals *approvals = request->apply->approvals;
  if (approvals && approvals->signatures.len)
    (void)journal_keep(sh->journal, "plan.json.sig", approvals->signatures);
  return true;
}

/* What would have been written, without a place in a chain: for those who
 * watch a rehearsal, which leaves no log. */
static upk_str record_text(shell *sh, const machine_command *command) {
  return upk_arena_printf(
      sh->arena, "{\"det\":%.*s,\"event\":\"%s\",\"obs\":%.*s}",
      UPK_FMT(command->det), command->event, UPK_FMT(command->obs));
}

void shell_log(shell *sh, const machine_command *command) {
  upk_str line = UPK_NO_STR;
  upk_str in, out;
  tape_take(sh->tape, &in, &out);
  shell_logged *logged = UPK_PUSH(sh->arena, &sh->logged);
  *logged = (shell_logged){.id = command->id, .good = true};
  memset(logged->head, '0', sizeof logged->head);
  if (!sh->request->apply->dry_run && !sh->request->apply->rehearse) {
    logged->good = ensure_journal(sh);
    bool apart = logged->good && shell_syncs_apart(sh);
    bool now = command->sync && !command->soon && !apart;
    logged->good = logged->good &&
                   journal_add_traced(sh->journal, command->event, command->det,
                                      command->obs, in, out, now, &line);
    sh->written += logged->good;
    if (now)
      sh->synced = sh->written;
    else if (logged->good && command->sync && !command->soon) {
      logged->record = sh->written;
      shell_want_synced(sh);
    }
    logged->full = logged->good && journal_full(sh->journal);
    if (logged->good)
      memcpy(logged->head, journal_head(sh->journal).data, sizeof logged->head);
  }
  if (sh->request->apply->rehearse)
    line = record_text(sh, command);
  note_active(sh, command,
              sh->request->clock->monotonic_us(sh->request->clock->ctx));
  note_state(sh, command);
  if (strcmp(command->event, "step.batch") == 0)
    note_batch(sh, command);
  upk_event event = {
      .name = command->event,
      .step = command->step,
      .state = state_shown(command),
      .text = command->text,
      .elapsed_us = command->elapsed_us,
      .json = line,
  };
  tell(sh, &event);
}

void shell_tell(shell *sh, const machine_command *command) {
  upk_event event = {
      .name = "run.wait", .state = "waiting", .text = command->text};
  tell(sh, &event);
}

void shell_tell_past(shell *sh) {
  const machine_past *past = sh->request->past;
  for (size_t i = 0; past && i < sh->request->plan->step_count; i++) {
    machine_state state = past[i].state;
    bool over = state == MACHINE_APPLIED || state == MACHINE_SKIPPED ||
                state == MACHINE_UNDONE ||
                (state == MACHINE_FAILED && past[i].left);
    if (!over)
      continue;
    sh->done++;
    upk_event event = {.name = "step.past",
                       .step = sh->request->plan->steps[i].id,
                       .state = machine_state_name(state),
                       .text = UPK_STR("before this process")};
    tell(sh, &event);
  }
}

void shell_report(shell *sh, const machine_command *command) {
  upk_diags *diags = sh->request->diags;
  upk_diag *diag = upk_diag_add(diags, command->code, UPK_NO_SPAN, "%.*s",
                                UPK_FMT(command->text));
  if (command->help.data)
    upk_diag_help(diags, diag, "%.*s", UPK_FMT(command->help));
}

void shell_progress(shell *sh) {
  const upk_clock *clock = sh->request->clock;
  int64_t now_us = clock->monotonic_us(clock->ctx);
  if (now_us - sh->told_us < PROGRESS_US)
    return;
  sh->told_us = now_us;
  for (size_t i = 0; i < MACHINE_SESSIONS_MAX; i++) {
    if (!sh->active[i].step.data)
      continue;
    const shell_active *active = &sh->active[i];
    bool runs = active->state && strcmp(active->state, "running") == 0;
    upk_event event = {
        .name = "progress",
        .step = active->step,
        .state = active->state ? active->state : "running",
        .text = upk_str_from(runs ? active->text : ""),
        .elapsed_us = now_us - active->since_us,
    };
    tell(sh, &event);
  }
}
