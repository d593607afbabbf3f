#include "openings.h"

#include <time.h>

#include "timefmt.h"

enum { TELL_US = 1000 * 1000, LOOK_NS = 100 * 1000 * 1000 };
#define AHEAD_US (INT64_C(14) * 86400 * 1000000)
/* A clock that is set back by less is still within the same opening. */
#define BEHIND_US (INT64_C(86400) * 1000000)

/* ---- making ---- */

static upk_windows_request request_of(upk_arena *arena, const plan *p,
                                      const upk_apply_request *apply,
                                      int64_t now_us) {
  upk_window_rule *rules =
      UPK_NEW_ARRAY(arena, upk_window_rule, p->window_count + 1);
  size_t count = p->blackout_count + apply->blackout_count;
  upk_blackout_rule *blackouts =
      UPK_NEW_ARRAY(arena, upk_blackout_rule, count + 1);
  for (size_t i = 0; i < p->window_count; i++)
    rules[i] = (upk_window_rule){.name = p->windows[i].name,
                                 .rrule = p->windows[i].rrule,
                                 .timezone = p->windows[i].timezone,
                                 .duration_us = p->windows[i].duration_us};
  for (size_t i = 0; i < p->blackout_count; i++)
    blackouts[i] = (upk_blackout_rule){.from_us = p->blackouts[i].from_us,
                                       .to_us = p->blackouts[i].to_us,
                                       .reason = p->blackouts[i].reason};
  for (size_t i = 0; i < apply->blackout_count; i++)
    blackouts[p->blackout_count + i] = apply->blackouts[i];
  return (upk_windows_request){.windows = rules,
                               .window_count = p->window_count,
                               .blackouts = blackouts,
                               .blackout_count = count,
                               .from_us = now_us - BEHIND_US,
                               .to_us = now_us + AHEAD_US};
}

/* Those that begin before `until_us`. */
static machine_openings convert(upk_arena *arena, const upk_interval *items,
                                size_t count, int64_t until_us) {
  machine_opening *openings = UPK_NEW_ARRAY(arena, machine_opening, count + 1);
  size_t kept = 0;
  for (size_t i = 0; i < count; i++)
    if (items[i].from_us < until_us)
      openings[kept++] = (machine_opening){items[i].from_us, items[i].to_us};
  return (machine_openings){openings, kept};
}

upk_status openings_make(upk_arena *arena, const plan *p,
                         const upk_apply_request *request, int64_t now_us,
                         upk_diags *diags, const machine_openings **ret) {
  upk_windows windows;
  upk_windows_request wanted = request_of(arena, p, request, now_us);
  /* A run that began in time goes on in later openings: as one that is resumed,
   * or by itself with `wait`. */
  bool expires = request->goal == UPK_APPLY && p->expires_us && !request->wait;
  int64_t until_us = expires ? p->expires_us : INT64_MAX;
  upk_status status = upk_windows_make(&wanted, arena, diags, &windows);
  if (status != UPK_OK)
    return status;
  machine_openings *all =
      UPK_NEW_ARRAY(arena, machine_openings, p->window_count + 1);
  all[p->window_count] =
      convert(arena, windows.free, windows.free_count, until_us);
  for (size_t i = 0; i < p->window_count; i++)
    all[i] = request->rehearse
                 ? all[p->window_count]
                 : convert(arena, windows.windows[i].open,
                           windows.windows[i].open_count, until_us);
  *ret = all;
  return UPK_OK;
}

/* ---- waiting ---- */

typedef struct soonest {
  int64_t start_us; /* INT64_MAX: never */
  const plan_step *step;
} soonest;

/* When the first of the steps may start. */
static soonest find_soonest(const plan *p, int64_t stop_at_us,
                            const machine_openings *openings, int64_t now_us) {
  soonest out = {INT64_MAX, NULL};
  int64_t stop_us = stop_at_us ? stop_at_us : INT64_MAX;
  for (size_t i = 0; i < p->step_count; i++) {
    const plan_step *step = &p->steps[i];
    const machine_openings *of =
        &openings[step->window == PLAN_NO_WINDOW ? p->window_count
                                                 : step->window];
    for (size_t o = 0; o < of->count; o++) {
      machine_opening opening = of->items[o];
      int64_t start = opening.open_us > now_us ? opening.open_us : now_us;
      int64_t close = opening.close_us < stop_us ? opening.close_us : stop_us;
      if (start >= out.start_us)
        break;
      if (close <= start || close - start < step->p90_ms * 1000)
        continue;
      out = (soonest){start, step};
      break;
    }
    if (out.start_us == now_us)
      break;
  }
  return out;
}

/* "2026-11-24 02:00 CET (2026-11-24T01:00:00Z)", in the step's zone. */
static upk_str moment(upk_arena *arena, const plan *p, const plan_step *step,
                      int64_t us) {
  upk_buf text = {0}, utc = {0};
  upk_str on = step->window == PLAN_NO_WINDOW
                   ? UPK_STR("UTC")
                   : p->windows[step->window].timezone;
  upk_local_time(NULL, on, us, &text);
  upk_timestamp_format(us - us % 1000000, &utc);
  if (!upk_str_is(on, "UTC"))
    upk_buf_printf(&text, " (%.*s)", UPK_FMT(upk_buf_view(&utc)));
  upk_str copy = upk_arena_copy(arena, upk_buf_view(&text));
  upk_buf_free(&text);
  upk_buf_free(&utc);
  return copy;
}

static upk_str human(upk_arena *arena, int64_t us) {
  upk_buf text = {0};
  upk_duration_human(us, &text);
  upk_str copy = upk_arena_copy(arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

static upk_str window_of(upk_arena *arena, const plan *p,
                         const upk_apply_request *request,
                         const plan_step *step) {
  return step->window == PLAN_NO_WINDOW || request->rehearse
             ? UPK_STR("a blackout")
             : upk_arena_printf(arena, "window `%.*s`",
                                UPK_FMT(p->windows[step->window].name));
}

static upk_status say_approved_no_longer(int64_t not_after_us,
                                         upk_diags *diags) {
  upk_buf text = {0};
  upk_timestamp_format(not_after_us - not_after_us % 1000000, &text);
  upk_diag *diag = upk_diag_add(
      diags, 3221, UPK_NO_SPAN,
      "no step may start: none fits before the approvals end at %.*s",
      UPK_FMT(upk_buf_view(&text)));
  upk_diag_help(diags, diag,
                "have the plan approved until after its window: `upkeep "
                "approve --until`, within the `expires` of the rule");
  upk_buf_free(&text);
  return UPK_WINDOW;
}

static upk_status say_closed(const plan *p, const upk_apply_request *request,
                             soonest next, bool by_stop_at, int64_t now_us,
                             upk_diags *diags) {
  if (by_stop_at) {
    upk_diag *diag =
        upk_diag_add(diags, 3221, UPK_NO_SPAN,
                     "no step may start: none fits before --stop-at");
    upk_diag_help(diags, diag,
                  "give it a later time; `upkeep windows` shows the openings");
    return UPK_WINDOW;
  }
  if (!next.step) {
    upk_diag *diag = upk_diag_add(
        diags, 3221, UPK_NO_SPAN,
        "no step may start: no opening that is left has room for one");
    upk_diag_help(diags, diag,
                  "see `upkeep windows`, and make the plan again for the next "
                  "opening");
    return UPK_WINDOW;
  }
  upk_diag *diag = upk_diag_add(
      diags, 3221, UPK_NO_SPAN, "no step may start now: %.*s %s in %.*s, %.*s",
      UPK_FMT(window_of(diags->arena, p, request, next.step)),
      next.step->window == PLAN_NO_WINDOW || request->rehearse ? "ends"
                                                               : "opens",
      UPK_FMT(human(diags->arena, next.start_us - now_us)),
      UPK_FMT(moment(diags->arena, p, next.step, next.start_us)));
  upk_diag_help(diags, diag,
                request->rehearse ? "rehearse it then"
                                  : "start it then, or wait for it with "
                                    "--wait");
  return UPK_WINDOW;
}

static upk_status say_expired(const plan *p, upk_diags *diags) {
  upk_buf text = {0};
  upk_timestamp_format(p->expires_us - p->expires_us % 1000000, &text);
  upk_diag *diag =
      upk_diag_add(diags, 3220, UPK_NO_SPAN, "the plan expired at %.*s",
                   UPK_FMT(upk_buf_view(&text)));
  upk_diag_help(diags, diag,
                "make it again with `upkeep plan`: it would be for the next "
                "opening");
  upk_buf_free(&text);
  return UPK_STALE;
}

static void tell(upk_arena *arena, const plan *p,
                 const upk_apply_request *request, soonest next,
                 int64_t now_us) {
  upk_arena_reset(arena);
  upk_event event = {
      .name = "run.wait",
      .state = "waiting",
      .text = upk_arena_printf(
          arena, "waits for %s%.*s until %.*s, %.*s",
          next.step->window == PLAN_NO_WINDOW ? "the end of " : "",
          UPK_FMT(window_of(arena, p, request, next.step)),
          UPK_FMT(moment(arena, p, next.step, next.start_us)),
          UPK_FMT(human(arena, next.start_us - now_us))),
      .total = p->step_count,
      .wall_us = now_us};
  if (request->on_event)
    request->on_event(request->ctx, &event);
}

upk_status openings_wait(const plan *p, const upk_apply_request *request,
                         int64_t not_after_us, const machine_openings *openings,
                         const upk_clock *clock, upk_diags *diags) {
  int64_t asked_us = request->stop_at_us;
  bool approved = not_after_us && (!asked_us || not_after_us < asked_us);
  int64_t stop_us = approved ? not_after_us : asked_us;
  const struct timespec nap = {.tv_nsec = LOOK_NS};
  upk_arena *arena = upk_arena_new(NULL);
  int64_t began_us = clock->wall_us(clock->ctx);
  int64_t mono_us = clock->monotonic_us(clock->ctx), told_us = INT64_MIN;
  upk_status status = UPK_OK;
  for (;;) {
    /* Both clocks must have reached the opening: the earlier one counts. */
    int64_t wall_us = clock->wall_us(clock->ctx);
    int64_t spent_us = clock->monotonic_us(clock->ctx) - mono_us;
    int64_t now_us =
        wall_us < began_us + spent_us ? wall_us : began_us + spent_us;
    if (request->goal == UPK_APPLY && p->expires_us &&
        wall_us >= p->expires_us) {
      status = say_expired(p, diags);
      break;
    }
    soonest next = find_soonest(p, stop_us, openings, now_us);
    if (request->goal == UPK_APPLY && p->expires_us &&
        next.start_us >= p->expires_us)
      next = (soonest){INT64_MAX, NULL}; /* it would not begin in time */
    if (!p->step_count || request->dry_run || next.start_us == now_us)
      break;
    if (!request->wait && request->goal == UPK_RESUME)
      break; /* what was begun is settled; no more than that */
    if (!request->wait || !next.step) {
      bool by_stop = !next.step && find_soonest(p, 0, openings, now_us).step;
      status = by_stop && approved
                   ? say_approved_no_longer(not_after_us, diags)
                   : say_closed(p, request, next, by_stop, now_us, diags);
      break;
    }
    if (request->stop && *request->stop) {
      upk_diag_add(diags, 3142, UPK_NO_SPAN,
                   "the run was stopped before it began");
      status = UPK_CANCELLED;
      break;
    }
    if (spent_us - told_us >= TELL_US || told_us == INT64_MIN) {
      told_us = spent_us;
      tell(arena, p, request, next, now_us);
    }
    nanosleep(&nap, NULL);
  }
  upk_arena_free(arena);
  return status;
}
