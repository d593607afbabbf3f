#include "order/budget.h"

#include <stdlib.h>

#include <upkeep/compile.h>

#include "json.h"
#include "timefmt.h"

#define DAY_US (INT64_C(86400) * 1000000)

/* ---- the period ---- */

typedef struct civil {
  int64_t year;
  int month, day; /* 1.. */
} civil;

/* Howard Hinnant, "chrono-compatible low-level date algorithms". */
static civil civil_of(int64_t days) {
  days += 719468;
  int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  int64_t doe = days - era * 146097;
  int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  int64_t mp = (5 * doy + 2) / 153;
  int month = (int)(mp < 10 ? mp + 3 : mp - 9);
  return (civil){yoe + era * 400 + (month <= 2), month,
                 (int)(doy - (153 * mp + 2) / 5 + 1)};
}

static int64_t days_of(int64_t year, int month, int day) {
  year += (month - 1) / 12;
  month = (month - 1) % 12 + 1;
  year -= month <= 2;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  int64_t yoe = year - era * 400;
  int64_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int64_t floor_days(int64_t us) {
  return us >= 0 ? us / DAY_US : -((-us + DAY_US - 1) / DAY_US);
}

/* Calendar periods are those of UTC; "30 days" are the last ones. */
static void find_period(ir_budget *b, int64_t now_us) {
  int64_t today = floor_days(now_us), from = today, to = today + 1;
  civil c = civil_of(today);
  int64_t rolling = strtoll(b->period.data, NULL, 10);
  if (rolling > 0) {
    b->from_us = now_us - rolling * DAY_US;
    b->to_us = now_us;
    return;
  }
  if (upk_str_is(b->period, "week")) {
    from = today - (today + 3) % 7; /* 1970-01-01 was a Thursday */
    to = from + 7;
  } else if (upk_str_is(b->period, "year")) {
    from = days_of(c.year, 1, 1);
    to = days_of(c.year + 1, 1, 1);
  } else if (upk_str_is(b->period, "quarter")) {
    int first = (c.month - 1) / 3 * 3 + 1;
    from = days_of(c.year, first, 1);
    to = days_of(c.year, first + 3, 1);
  } else if (!upk_str_is(b->period, "day")) {
    from = days_of(c.year, c.month, 1);
    to = days_of(c.year, c.month + 1, 1);
  }
  b->from_us = from * DAY_US;
  b->to_us = to * DAY_US;
}

static const ir_requirement *required(const ir *ir, ir_requirement_key key) {
  return ir_requirement_of(&ir->requirements, key, ir->target->name,
                           UPK_NO_STR);
}

/* False when the document sets no bound. */
static bool allow(ir *ir) {
  ir_budget *b = &ir->budget;
  const ir_requirement *availability =
      required(ir, IR_REQUIREMENT_availability);
  const ir_requirement *downtime = required(ir, IR_REQUIREMENT_downtime);
  const ir_requirement *period =
      required(ir, IR_REQUIREMENT_availability_period);
  if (!availability && !downtime)
    return false;
  b->given = true;
  b->availability_ppm = availability ? availability->integer : -1;
  b->period = period ? period->text : UPK_STR("month");
  find_period(b, ir->now_us);
  b->allowed_ms = INT64_MAX;
  if (availability) /* a year in milliseconds times a million fits */
    b->allowed_ms = (b->to_us - b->from_us) / 1000 *
                    (1000000 - availability->integer) / 1000000;
  if (downtime && downtime->integer / 1000 < b->allowed_ms)
    b->allowed_ms = downtime->integer / 1000;
  return true;
}

/* ---- what is spent ---- */

static bool read_spent(ir *ir) {
  ir_budget *b = &ir->budget;
  upk_json_error error;
  upk_str bytes = ir->request ? ir->request->spent : UPK_NO_STR;
  if (!bytes.data)
    return true;
  const upk_json *tree = upk_json_parse(ir->arena, bytes, &error);
  if (!tree || !upk_str_is(upk_json_text(tree, "format"), "upkeep.spent/1") ||
      !upk_str_equal(upk_json_text(tree, "target"), ir->target->name)) {
    upk_diag_add(ir->diags, 1572, UPK_NO_SPAN,
                 "what past runs have blocked was handed in damaged");
    return false;
  }
  const upk_json *runs = upk_json_get(tree, "runs");
  for (size_t i = 0; i < upk_json_count(runs); i++) {
    const upk_json *run = upk_json_at(runs, i);
    int64_t began_us = upk_json_number(run, "began_us", INT64_MIN);
    int64_t blocked_ms = upk_json_number(run, "blocked_ms", -1);
    if (began_us < b->from_us || began_us > ir->now_us)
      continue;
    if (blocked_ms < 0)
      b->unmeasured++;
    else
      b->spent_ms += blocked_ms;
  }
  return true;
}

/* ---- over it ---- */

static upk_str exact(ir *ir, int64_t ms) {
  upk_buf out = {0};
  upk_duration_format(ms * 1000, &out);
  upk_str text = upk_arena_copy(ir->arena, upk_buf_view(&out));
  upk_buf_free(&out);
  return text;
}

static int by_score(const void *a, const void *b) {
  const ir_step *left = *(const ir_step *const *)a;
  const ir_step *right = *(const ir_step *const *)b;
  if (left->score != right->score)
    return left->score > right->score ? -1 : 1;
  return upk_str_compare(left->id, right->id);
}

/* The steps that block, the most wanted first. */
static size_t blocking_steps(ir *ir, const ir_step ***ret_steps) {
  size_t count = 0;
  *ret_steps =
      UPK_NEW_ARRAY(ir->arena, const ir_step *, ir->plan_order.len + 1);
  for (size_t i = 0; i < ir->plan_order.len; i++) {
    const ir_step *step = &ir->steps.items[ir->plan_order.items[i]];
    if (step->estimate.blocking_ms > 0)
      (*ret_steps)[count++] = step;
  }
  if (count > 1)
    qsort(*ret_steps, count, sizeof **ret_steps, by_score);
  return count;
}

enum { NAMED = 8 };

static void add_name(upk_buf *out, upk_str id, size_t number) {
  if (number < NAMED)
    upk_buf_printf(out, "%s%.*s", number ? "," : "", UPK_FMT(id));
}

/* Says what each costs, and which of them fit: taken by score as long as there
 * is room. Steps that block nobody all fit. */
static void say_parts(ir *ir, upk_diag *diag, int64_t left_ms) {
  const ir_step **steps;
  size_t count = blocking_steps(ir, &steps), out_count = 0;
  upk_buf fit = {0}, except = {0};
  size_t fit_count = 0;
  int64_t taken_ms = 0;
  for (size_t i = 0; i < count; i++) {
    int64_t ms = steps[i]->estimate.blocking_ms;
    if (i < NAMED)
      upk_diag_note(ir->diags, diag, "%.*s blocks for %.*s (score %lld)",
                    UPK_FMT(steps[i]->id), UPK_FMT(exact(ir, ms)),
                    (long long)steps[i]->score);
    if (taken_ms + ms <= left_ms) {
      taken_ms += ms;
      add_name(&fit, steps[i]->id, fit_count++);
    } else {
      add_name(&except, steps[i]->id, out_count++);
    }
  }
  if (count > NAMED)
    upk_diag_note(ir->diags, diag, "and %zu more steps block", count - NAMED);
  size_t free_count = ir->plan_order.len - count;
  if (!fit_count)
    upk_diag_note(ir->diags, diag,
                  "None of them fits; the %zu other steps block nobody.",
                  free_count);
  else
    upk_diag_note(ir->diags, diag,
                  "By score %zu of them fit, for %.*s: %.*s%s. The %zu other "
                  "steps block nobody.",
                  fit_count, UPK_FMT(exact(ir, taken_ms)),
                  UPK_FMT(upk_buf_view(&fit)), fit_count > NAMED ? ", ..." : "",
                  free_count);
  if (out_count && out_count <= NAMED)
    upk_diag_help(ir->diags, diag, "plan the part that fits: --except '%.*s'",
                  UPK_FMT(upk_buf_view(&except)));
  upk_buf_free(&fit);
  upk_buf_free(&except);
}

static const char *this_period(upk_str period) {
  static const char *const names[][2] = {{"day", "today"},
                                         {"week", "this week"},
                                         {"month", "this month"},
                                         {"quarter", "this quarter"},
                                         {"year", "this year"}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (upk_str_is(period, names[i][0]))
      return names[i][1];
  return "in these days";
}

static void say_over(ir *ir, int64_t left_ms) {
  const ir_budget *b = &ir->budget;
  const ir_requirement *item = required(ir, IR_REQUIREMENT_availability);
  if (!item)
    item = required(ir, IR_REQUIREMENT_downtime);
  upk_diag *diag = upk_diag_add(
      ir->diags, 1570, item->span,
      "the plan would block for %.*s, and %.*s are left %s",
      UPK_FMT(exact(ir, b->expected_ms)),
      UPK_FMT(exact(ir, left_ms > 0 ? left_ms : 0)), this_period(b->period));
  upk_diag_note(ir->diags, diag, "Allowed are %.*s, spent are %.*s.",
                UPK_FMT(exact(ir, b->allowed_ms)),
                UPK_FMT(exact(ir, b->spent_ms)));
  say_parts(ir, diag, left_ms);
}

bool budget_account(ir *ir) {
  ir_budget *b = &ir->budget;
  if (!allow(ir))
    return true;
  if (!read_spent(ir))
    return false;
  b->expected_ms = ir->totals.blocking_ms;
  if (b->unmeasured)
    upk_diag_add(ir->diags, 1571, UPK_NO_SPAN,
                 "%lld run%s of this period did not measure their blocking",
                 (long long)b->unmeasured, b->unmeasured == 1 ? "" : "s");
  int64_t left_ms = b->allowed_ms - b->spent_ms;
  if (b->expected_ms <= (left_ms > 0 ? left_ms : 0))
    return true;
  say_over(ir, left_ms);
  return false;
}
