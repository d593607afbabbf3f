/* upk_apply and upk_plan_verify: a plan file, read and executed. */
#include <upkeep/runtime.h>

#include "approve/approve.h"
#include "driver/registry.h"
#include "folder.h"
#include "openings.h"
#include "plan/read.h"
#include "program.h"
#include "shell/shell.h"
#include "takeover.h"

enum { AGAIN_US = 1000 * 1000 };

static upk_status refuse(upk_diags *diags, const char *what, upk_str planned,
                         upk_str given) {
  upk_diag *diag = upk_diag_add(diags, 3147, UPK_NO_SPAN,
                                "the plan is for %s `%.*s`, not `%.*s`", what,
                                UPK_FMT(planned), UPK_FMT(given));
  upk_diag_help(diags, diag, "apply it to the target that it names");
  return UPK_STALE;
}

static upk_status check_target(const upk_apply_request *request, const plan *p,
                               upk_diags *diags) {
  if (!upk_str_equal(p->target, request->target.name))
    return refuse(diags, "target", p->target, request->target.name);
  if (!upk_str_equal(p->engine, request->target.engine))
    return refuse(diags, "engine", p->engine, request->target.engine);
  return UPK_OK;
}

/* ---- programs: what the executor's own project allows ---- */

static bool is_allowed(const upk_apply_request *request, upk_str program) {
  for (size_t i = 0; i < request->program_count; i++)
    if (upk_program_fits(request->programs[i], program))
      return true;
  return false;
}

typedef struct search {
  const upk_apply_request *request;
  const plan_exec *refused; /* the first that is not allowed, or NULL */
} search;

static void look_at_query(search *s, const plan_query *query) {
  if (!s->refused && query->exec &&
      !is_allowed(s->request, query->exec->program))
    s->refused = query->exec;
}

static void look_at_statements(search *s, const plan_statements *statements) {
  for (size_t i = 0; i < statements->count; i++)
    look_at_query(s, &statements->items[i].query);
}

static void look_at_checks(search *s, const plan_check *checks, size_t count) {
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < checks[i].query_count; j++)
      look_at_query(s, &checks[i].queries[j]);
}

static upk_status check_programs(const upk_apply_request *request,
                                 const plan *p, upk_diags *diags) {
  for (size_t i = 0; i < p->step_count; i++) {
    const plan_step *step = &p->steps[i];
    search s = {.request = request};
    look_at_statements(&s, &step->run);
    look_at_statements(&s, &step->undo);
    look_at_checks(&s, step->post.items, step->post.count);
    look_at_checks(&s, &step->probe_done, step->has_probe);
    look_at_checks(&s, &step->probe_partial, step->has_partial);
    if (!s.refused)
      continue;
    upk_diag *diag = upk_diag_add(
        diags, 3290, UPK_NO_SPAN,
        "step `%.*s` runs the program `%.*s`, which this project does not "
        "allow",
        UPK_FMT(step->id), UPK_FMT(s.refused->program));
    upk_diag_help(diags, diag,
                  "put it under `programs` in the upkeep.yaml that the plan is "
                  "applied with");
    return UPK_DENIED;
  }
  return UPK_OK;
}

/* ---- folders: where the executor's own project lets rows be written ---- */

static bool is_archive(const upk_apply_request *request, upk_str folder) {
  for (size_t i = 0; i < request->archive_count; i++)
    if (upk_folder_within(request->archives[i], folder))
      return true;
  return false;
}

/* The first folder that is not allowed; absent: there is none. */
static upk_str refused_folder(const upk_apply_request *request,
                              const plan_statements *statements) {
  for (size_t i = 0; i < statements->count; i++) {
    const plan_statement *statement = &statements->items[i];
    const plan_file *file = statement->query.file;
    if (file && !is_archive(request, file->folder))
      return file->folder;
    for (size_t j = 0; statement->batch && j < statement->batch->run.count;
         j++) {
      file = statement->batch->run.items[j].query.file;
      if (file && !is_archive(request, file->folder))
        return file->folder;
    }
  }
  return UPK_NO_STR;
}

static upk_status check_folders(const upk_apply_request *request, const plan *p,
                                upk_diags *diags) {
  for (size_t i = 0; i < p->step_count; i++) {
    upk_str folder = refused_folder(request, &p->steps[i].run);
    if (!folder.data)
      folder = refused_folder(request, &p->steps[i].undo);
    if (!folder.data)
      continue;
    upk_diag *diag = upk_diag_add(
        diags, 3297, UPK_NO_SPAN,
        "step `%.*s` archives to the folder `%.*s`, which this project does "
        "not allow",
        UPK_FMT(p->steps[i].id), UPK_FMT(folder));
    upk_diag_help(diags, diag,
                  "put it under `archives` in the upkeep.yaml that the plan is "
                  "applied with");
    return UPK_DENIED;
  }
  return UPK_OK;
}

static upk_status no_driver(upk_diags *diags, upk_str engine) {
  const char *option = driver_option(engine);
  upk_diag *diag =
      upk_diag_add(diags, 3147, UPK_NO_SPAN,
                   "no driver for engine `%.*s` is built in", UPK_FMT(engine));
  if (option)
    upk_diag_help(diags, diag, "configure the build with -D%s=ON", option);
  return UPK_USAGE;
}

/* ---- approvals ---- */

/* Whether there is anything to judge: a plan without rules is not read twice.
 */
static bool is_free(const shell_request *run) {
  const upk_approvals *approvals = run->apply->approvals;
  return !run->plan->asks_approval && run->plan->has_ledger &&
         (!approvals || !approvals->rules.data);
}

static upk_status approve(shell_request *run, int64_t now_us) {
  const upk_apply_request *apply = run->apply;
  upk_approvals approvals = {.rules_path = UPK_STR("the project")};
  if (apply->dry_run || apply->goal == UPK_ROLLBACK || is_free(run))
    return UPK_OK;
  if (apply->approvals)
    approvals = *apply->approvals;
  approvals.runs_folder = apply->runs_folder;
  approvals.run = apply->run;
  approvals.now_us = now_us;
  return approve_judge(apply->plan, &approvals, run->clock, run->diags,
                       (upk_sink){0}, &run->approved);
}

/* ---- a run that is taken over ---- */

/* Whether a step may still be executed, or its outcome is not known. */
static bool has_work(const plan *p, const machine_past *past, upk_goal goal) {
  for (size_t i = 0; i < p->step_count; i++) {
    machine_state state = past[i].state;
    bool there = state == MACHINE_APPLIED ||
                 (state == MACHINE_FAILED &&
                  (past[i].left || past[i].applied_order != 0));
    bool over = there || state == MACHINE_SKIPPED || state == MACHINE_UNDONE;
    if (goal == UPK_RESUME
            ? !over
            : there || state == MACHINE_RUNNING || state == MACHINE_UNDOING ||
                  state == MACHINE_IN_DOUBT)
      return true;
  }
  return false;
}

static upk_status say_refused(upk_diags *diags, const char *text,
                              const char *help) {
  upk_diag *diag = upk_diag_add(diags, 3202, UPK_NO_SPAN, "%s", text);
  upk_diag_help(diags, diag, "%s", help);
  return UPK_STALE;
}

/* Whether the run can go on in this way; *ret_over: there is nothing to do. */
static upk_status check_takeover(const shell_request *run, const takeover *t,
                                 bool *ret_over) {
  const machine_story *story = machine_history_story(t->history);
  const plan *p = run->plan;
  upk_goal goal = run->apply->goal;
  /* A log that could not be written to its end is sealed again. */
  bool whole = !upk_str_is(story->status, upk_status_text(UPK_STALE));
  *ret_over = story->sealed && whole && !has_work(p, run->past, goal);
  if (goal == UPK_RESUME && story->rolled_back && !*ret_over)
    return say_refused(run->diags, "the run was rolled back",
                       "go on with `upkeep rollback`; to maintain the target, "
                       "make a new plan");
  return UPK_OK;
}

static void count_steps(const plan *p, const machine_past *past,
                        upk_outcome *outcome) {
  for (size_t i = 0; i < p->step_count; i++) {
    outcome->applied += past[i].state == MACHINE_APPLIED;
    outcome->skipped += past[i].state == MACHINE_SKIPPED;
    outcome->failed += past[i].state == MACHINE_FAILED;
    outcome->undone += past[i].state == MACHINE_UNDONE;
  }
  outcome->total = p->step_count;
}

static upk_status take_over(upk_arena *arena, shell_request *run,
                            upk_outcome *outcome) {
  const upk_apply_request *apply = run->apply;
  upk_str folder = upk_arena_printf(
      arena, "%.*s/%.*s", UPK_FMT(apply->runs_folder), UPK_FMT(apply->run));
  takeover t = {.arena = arena, .plan = run->plan};
  bool over = false;
  upk_status status = takeover_open(&t, folder, apply->plan_path, run->files,
                                    run->diags, &run->journal);
  run->past = machine_history_steps(t.history);
  if (status == UPK_OK)
    status = check_takeover(run, &t, &over);
  if (status == UPK_OK && !over)
    status = approve(run, 0);
  if (status == UPK_OK && !over) {
    status = shell_run(run, outcome);
  } else {
    journal_close(run->journal);
    count_steps(run->plan, run->past, outcome);
  }
  outcome->over = status == UPK_OK && over;
  machine_history_free(t.history);
  return status;
}

/* An undo waits for nothing: an operator asked for it. Approvals are judged
 * before the wait, so that nobody waits in vain, and after it: by the later of
 * both clocks they may have ended. */
static upk_status find_openings(upk_arena *arena, shell_request *run) {
  const upk_apply_request *request = run->apply;
  const upk_clock *clock = run->clock;
  if (request->goal == UPK_ROLLBACK)
    return UPK_OK;
  int64_t wall_us = clock->wall_us(clock->ctx);
  int64_t mono_us = clock->monotonic_us(clock->ctx);
  upk_status status = openings_make(arena, run->plan, request, wall_us,
                                    run->diags, &run->openings);
  if (status == UPK_OK && request->goal == UPK_APPLY)
    status = approve(run, 0);
  if (status == UPK_OK)
    status = openings_wait(run->plan, request, run->approved.not_after_us,
                           run->openings, clock, run->diags);
  int64_t spent_us = clock->monotonic_us(clock->ctx) - mono_us;
  if (status == UPK_OK && request->goal == UPK_APPLY && request->wait &&
      spent_us > AGAIN_US)
    status = approve(run, wall_us + spent_us);
  return status;
}

upk_status upk_apply(const upk_apply_request *request, const upk_clock *clock,
                     upk_diags *diags, upk_outcome *ret_outcome) {
  upk_arena *arena = upk_arena_new(NULL);
  shell_request run = {.apply = request, .clock = clock, .diags = diags};
  upk_outcome outcome = {0};
  upk_status status =
      plan_read(arena, request->plan, request->plan_path, diags, &run.plan);
  if (status == UPK_OK)
    status = check_target(request, run.plan, diags);
  if (status == UPK_OK)
    status = check_programs(request, run.plan, diags);
  if (status == UPK_OK)
    status = check_folders(request, run.plan, diags);
  if (status != UPK_OK)
    goto out;
  run.driver = driver_find(request->target.engine);
  if (!run.driver)
    status = no_driver(diags, request->target.engine);
  else
    status = find_openings(arena, &run);
  if (status != UPK_OK)
    goto out;
  if (request->goal == UPK_APPLY)
    status = shell_run(&run, &outcome);
  else
    status = take_over(arena, &run, &outcome);
out:
  *ret_outcome = outcome;
  upk_arena_free(arena);
  return status;
}

upk_status upk_plan_verify(upk_str bytes, upk_str path, upk_diags *diags) {
  upk_arena *arena = upk_arena_new(NULL);
  const plan *p = NULL;
  upk_status status = plan_read(arena, bytes, path, diags, &p);
  upk_arena_free(arena);
  return status;
}
