/* Taking over a run, and what can be said of it without a database: which
 * steps rollback would undo, and an operator's word on one in doubt. */
#include "takeover.h"

#include <stdlib.h>

#include <upkeep/runtime.h>

#include "json.h"
#include "plan/read.h"

static const char *take_record(void *ctx, const journal_record *record) {
  takeover *t = ctx;
  if (record->seq == 1)
    t->plan_file =
        upk_arena_copy(t->arena, upk_json_text(record->obs, "plan_file"));
  return machine_history_add(t->history, record->event, record->det,
                             record->obs)
             ? NULL
             : "it speaks of a step that is not in the plan";
}

upk_status takeover_open(takeover *t, upk_str run_folder, upk_str plan_path,
                         const journal_files *files, upk_diags *diags,
                         journal **ret_journal) {
  t->history = machine_history_new(t->plan);
  upk_status status =
      ret_journal
          ? journal_open(run_folder, files, diags, take_record, t, ret_journal)
          : journal_scan(run_folder, diags, take_record, t);
  if (status != UPK_OK ||
      upk_str_equal(t->plan_file, upk_digest_view(&t->plan->file)))
    return status;
  upk_diag_add(diags, 3045, UPK_NO_SPAN,
               "`%.*s` is not the plan that the run executed",
               UPK_FMT(plan_path));
  return UPK_STALE;
}

upk_status takeover_read(takeover *t, upk_str plan, upk_str run_folder,
                         upk_str plan_path, upk_diags *diags,
                         journal **ret_journal) {
  *t = (takeover){.arena = upk_arena_new(NULL)};
  upk_status status = plan_read(t->arena, plan, plan_path, diags, &t->plan);
  if (status != UPK_OK)
    return status;
  return takeover_open(t, run_folder, plan_path, NULL, diags, ret_journal);
}

void takeover_close(takeover *t) {
  machine_history_free(t->history);
  upk_arena_free(t->arena);
}

/* ---- resolve ---- */

static upk_status not_in_doubt(upk_diags *diags, upk_str step,
                               const machine_past *past) {
  upk_diag *diag =
      past ? upk_diag_add(diags, 3203, UPK_NO_SPAN,
                          "step `%.*s` is not in doubt: the log says %s",
                          UPK_FMT(step), machine_state_name(past->state))
           : upk_diag_add(diags, 3203, UPK_NO_SPAN,
                          "the plan of the run has no step `%.*s`",
                          UPK_FMT(step));
  upk_diag_help(
      diags, diag,
      past && (past->state == MACHINE_RUNNING || past->state == MACHINE_UNDOING)
          ? "`upkeep resume` asks the database what was done of it"
          : "`upkeep status RUN` names the steps in doubt");
  return UPK_USAGE;
}

static bool add_word(journal *j, const upk_resolve_request *request,
                     int64_t wall_us) {
  upk_buf obs = {0};
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(&obs));
  upk_json_begin_object(w);
  upk_json_put_string(w, "as",
                      request->done ? UPK_STR("done") : UPK_STR("not-done"));
  upk_json_put_string(w, "host", request->host);
  upk_json_put_string(w, "reason", request->reason);
  upk_json_put_string(w, "step", request->step);
  upk_json_put_string(w, "user", request->user);
  upk_json_put_int(w, "wall_us", wall_us);
  upk_json_end_object(w);
  upk_json_writer_close(w);
  bool good = journal_add(j, "step.resolve", UPK_STR("{}"), upk_buf_view(&obs),
                          true, NULL);
  upk_buf_free(&obs);
  return good;
}

static const machine_past *past_of(const takeover *t, upk_str step) {
  for (size_t i = 0; i < t->plan->step_count; i++)
    if (upk_str_equal(t->plan->steps[i].id, step))
      return &machine_history_steps(t->history)[i];
  return NULL;
}

upk_status upk_resolve(const upk_resolve_request *request,
                       const upk_clock *clock, upk_diags *diags) {
  takeover t;
  journal *j = NULL;
  upk_status status = takeover_read(&t, request->plan, request->run_folder,
                                    request->plan_path, diags, &j);
  if (status == UPK_OK) {
    const machine_past *past = past_of(&t, request->step);
    if (!past || past->state != MACHINE_IN_DOUBT)
      status = not_in_doubt(diags, request->step, past);
    else if (!add_word(j, request, clock->wall_us(clock->ctx))) {
      upk_diag *diag =
          upk_diag_add(diags, 3141, UPK_NO_SPAN,
                       "the log cannot be written: %s", journal_error(j));
      upk_diag_help(diags, diag, "make room on the disk, then say it again");
      status = UPK_ERROR;
    }
  }
  journal_close(j);
  takeover_close(&t);
  return status;
}

/* ---- what rollback would undo ---- */

static bool has_name(upk_str object, upk_str space, upk_str name) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_json_error error;
  bool found = false;
  upk_str rest = object;
  while (rest.data && rest.len && !found) {
    upk_str line = upk_str_split(rest, '\n', &rest);
    upk_str document = upk_arena_printf(arena, "%.*s\n", UPK_FMT(line));
    const upk_json *value = upk_json_parse(arena, document, &error);
    if (value && space.data)
      value = upk_json_get_str(value, space);
    for (size_t i = 0; value && i < upk_json_count(value); i++)
      found |= upk_str_equal(value->object.members[i].key, name);
  }
  upk_arena_free(arena);
  return found;
}

/* A parameter of the undo that the log must know. */
static bool knows(const machine_past *past, upk_str from) {
  upk_str name, space = upk_str_split(from, '.', &name);
  if (upk_str_is(space, "step"))
    return true;
  return upk_str_is(space, "before") ? has_name(past->before, UPK_NO_STR, name)
                                     : has_name(past->returned, space, name);
}

static upk_str lost_value(const plan_step *p, const machine_past *past) {
  for (size_t i = 0; i < p->undo.count; i++) {
    const plan_query *query = &p->undo.items[i].query;
    for (size_t k = 0; k < query->param_count; k++)
      if (query->params[k].from.data && !knows(past, query->params[k].from))
        return query->params[k].from;
  }
  return UPK_NO_STR;
}

static bool is_there(const machine_past *past) {
  return past->state == MACHINE_APPLIED ||
         (past->state == MACHINE_FAILED &&
          (past->left || past->applied_order != 0));
}

typedef struct undo_order {
  uint64_t order; /* UINT64_MAX: never applied, its validation failed */
  size_t step;
} undo_order;

static int last_first(const void *a, const void *b) {
  const undo_order *x = a, *y = b;
  return x->order != y->order ? (x->order < y->order) - (x->order > y->order)
                              : (x->step > y->step) - (x->step < y->step);
}

static void list_undo(const takeover *t, upk_arena *arena, upk_undo *ret) {
  const machine_past *past = machine_history_steps(t->history);
  size_t n = t->plan->step_count, count = 0;
  undo_order *list = UPK_NEW_ARRAY(arena, undo_order, n + 1);
  ret->steps = UPK_NEW_ARRAY(arena, upk_undo_step, n + 1);
  for (size_t i = 0; i < n; i++) {
    ret->open += past[i].state == MACHINE_RUNNING ||
                 past[i].state == MACHINE_UNDOING ||
                 past[i].state == MACHINE_IN_DOUBT;
    if (is_there(&past[i]))
      list[count++] = (undo_order){
          past[i].applied_order ? past[i].applied_order : UINT64_MAX, i};
  }
  qsort(list, count, sizeof *list, last_first);
  for (size_t i = 0; i < count; i++) {
    const plan_step *p = &t->plan->steps[list[i].step];
    upk_str lost =
        p->can_undo ? lost_value(p, &past[list[i].step]) : UPK_NO_STR;
    ret->steps[i] = (upk_undo_step){
        .step = upk_arena_copy(arena, p->id),
        .can = p->can_undo && !lost.data,
        .why = !p->can_undo
                   ? upk_arena_copy(arena, p->undo_why.data ? p->undo_why
                                                            : UPK_STR(""))
               : lost.data
                   ? upk_arena_printf(arena, "the log has no value of `%.*s`",
                                      UPK_FMT(lost))
                   : UPK_NO_STR};
  }
  ret->count = count;
  ret->cut_off = machine_history_story(t->history)->rolled_back &&
                 !machine_history_story(t->history)->sealed;
}

upk_status upk_run_undo(upk_str run_folder, upk_str bytes, upk_str plan_path,
                        upk_diags *diags, upk_undo *ret_undo) {
  takeover t;
  upk_status status =
      takeover_read(&t, bytes, run_folder, plan_path, diags, NULL);
  *ret_undo = (upk_undo){0};
  if (status == UPK_OK)
    list_undo(&t, diags->arena, ret_undo);
  takeover_close(&t);
  return status;
}
