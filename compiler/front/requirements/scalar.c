/* Values of one thing: shares, times, counts, periods, zones. */
#include "front/requirements/private.h"

#define DAY_US (INT64_C(86400) * 1000000)

/* What a value must be within; outside it cannot be meant. */
static bool in_range(reader *r, ir_requirement_key key, piece value,
                     int64_t number) {
  const char *name = ir_requirement_rows[key].name;
  if (key == IR_REQUIREMENT_availability && number == 1000000)
    return absurd(r, value,
                  "availability of 100%% leaves no time for "
                  "anything that blocks"),
           false;
  if (key == IR_REQUIREMENT_rpo || key == IR_REQUIREMENT_rto)
    return true; /* 0 is a goal */
  if (number <= 0)
    return absurd(r, value, "`%s` of 0 cannot be met", name), false;
  bool wait = key == IR_REQUIREMENT_lock_wait || key == IR_REQUIREMENT_blocking;
  if (wait && (number > DAY_US || number < 1000))
    return absurd(r, value, "`%s` must be 1ms to 1 day", name), false;
  if (ir_requirement_rows[key].type == UPK_TYPE_DURATION &&
      number > 200 * 366 * DAY_US)
    return absurd(r, value, "`%s` is longer than 200 years", name), false;
  bool count = ir_requirement_rows[key].type == UPK_TYPE_INT;
  if (count && number > (key == IR_REQUIREMENT_jobs ? 64 : 20))
    return absurd(r, value, "`%s` of %lld is more than upkeep knows", name,
                  (long long)number),
           false;
  return true;
}

static bool is_negative(const cursor *c) {
  const token *next = cursor_peek(c, 1);
  return cursor_mark(c, 0, '-') && next && next->joined &&
         next->type == TOKEN_NUMBER;
}

/* Words of intervals that are no number and unit. */
static bool take_interval(cursor *c, int64_t *ret_us) {
  static const struct {
    const char *word;
    int64_t us;
  } words[] = {{"hourly", DAY_US / 24}, {"daily", DAY_US},
               {"nightly", DAY_US},     {"night", DAY_US},
               {"day", DAY_US},         {"hour", DAY_US / 24},
               {"week", 7 * DAY_US},    {"weekly", 7 * DAY_US}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (cursor_take(c, words[i].word)) {
      *ret_us = words[i].us;
      return true;
    }
  return false;
}

static bool take_number(reader *r, ir_requirement_key key, cursor *c,
                        piece value, int64_t *ret) {
  switch (ir_requirement_rows[key].type) {
  case UPK_TYPE_RATIO:
    return take_ratio(r, c, value, ret);
  case UPK_TYPE_INT:
    return take_count(c, ret);
  case UPK_TYPE_DURATION:
    if (key == IR_REQUIREMENT_backup_interval && take_interval(c, ret))
      return true;
    return take_duration(c, ret) ||
           ((key == IR_REQUIREMENT_rpo || key == IR_REQUIREMENT_rto) &&
            (cursor_take(c, "0") || cursor_take(c, "none") ||
             cursor_take(c, "zero")) &&
            (*ret = 0, true));
  default:
    return false;
  }
}

/* Words behind a number that only name its thing: "2 approvals". */
static void skip_own_words(reader *r, ir_requirement_key key, cursor *c) {
  static const char *const nouns[] = {
      "signatures", "signature", "approvals",    "approval",
      "approvers",  "approver",  "people",       "reviewers",
      "reviewer",   "persons",   "jobs",         "job",
      "at once",    "at a time", "steps",        "in parallel",
      "required",   "needed",    "latency",      "response time",
      "free",       "uptime",    "availability", "of downtime",
      "downtime",   "behind",    "of data",      "data loss",
      "of lag",     "lag",       "queries",      "requests",
      "reads",      "in total",  "total"};
  (void)r;
  (void)key;
  for (size_t i = 0; i < sizeof nouns / sizeof *nouns; i++)
    if (cursor_take(c, nouns[i]))
      i = SIZE_MAX; /* from the first again */
}

/* A remark that stands apart is no part of the value: it is not understood,
 * and said so, but the value is. */
static bool stands_apart(const cursor *c) {
  const token *t = cursor_peek(c, 0);
  return t && t->type == TOKEN_MARK &&
         (t->text.data[0] == '(' || t->text.data[0] == ';' ||
          t->text.data[0] == ',' || (t->text.data[0] == '-' && !t->joined));
}

static bool wrong_way(ir_requirement_key key, ir_bound bound) {
  ir_bound meant = ir_requirement_rows[key].bound;
  return bound && meant && bound != meant;
}

/* "99.95% per month", "(monthly)": the period belongs to it. */
static upk_str take_own_period(ir_requirement_key key, cursor *c, piece value,
                               piece *ret_written) {
  upk_str period;
  cursor copy = *c;
  if (key != IR_REQUIREMENT_availability && key != IR_REQUIREMENT_downtime)
    return UPK_NO_STR;
  bool open = cursor_take(&copy, "(") || cursor_take(&copy, ",");
  if (!take_period(&copy, &period))
    return UPK_NO_STR;
  if (open)
    cursor_take(&copy, ")");
  *ret_written = (piece){
      value.of,
      {c->items[c->at].text.data,
       (size_t)(copy.items[copy.at - 1].text.data +
                copy.items[copy.at - 1].text.len - c->items[c->at].text.data)}};
  *c = copy;
  return period;
}

/* "RPO: 5 minutes, RTO: 1 hour": what stands apart may be the next one. */
static void read_remainder(reader *r, const setting *at, piece rest) {
  setting outside = {.key = -1, .target = at->target};
  size_t start = 0, end = rest.text.len;
  while (start < end &&
         (rest.text.data[start] == ' ' || rest.text.data[start] == ',' ||
          rest.text.data[start] == ';' || rest.text.data[start] == '('))
    start++;
  if (end > start && rest.text.data[start - (start > 0)] == '(' &&
      rest.text.data[end - 1] == ')')
    end--;
  piece inner = piece_trim(piece_part(rest, start, end)), key, value;
  if (split_key(r, inner, &key, &value) && key_find(r, key.text) >= 0)
    (void)read_statement(r, &outside, inner, true);
  else
    unread(r, inner, -1, "the value before it was read");
}

static bool read_number(reader *r, ir_requirement_key key, const setting *at,
                        piece value) {
  cursor c = tokens_of(r, value.text);
  ir_bound bound = IR_BOUND_NONE;
  int64_t number;
  if (!skip_filler(&c, &bound))
    return false;
  if (is_negative(&c))
    return absurd(r, value, "`%s` cannot be less than nothing",
                  ir_requirement_rows[key].name);
  size_t start = c.at;
  if (cursor_done(&c) || !take_number(r, key, &c, value, &number))
    return false;
  const token *first = &c.items[start], *last = &c.items[c.at - 1];
  piece written = {
      value.of,
      {first->text.data,
       (size_t)(last->text.data + last->text.len - first->text.data)}};
  skip_own_words(r, key, &c);
  if (!skip_filler(&c, &bound) || wrong_way(key, bound))
    return false;
  piece own_period;
  upk_str period = take_own_period(key, &c, value, &own_period);
  skip_own_words(r, key, &c);
  (void)skip_filler(&c, &bound);
  if (!cursor_done(&c) && !stands_apart(&c))
    return false;
  if (period.data)
    add_item(r, IR_REQUIREMENT_availability_period, at, UPK_NO_STR, 0, period,
             own_period);
  if (number >= 0 && in_range(r, key, written, number))
    add_item(r, key, at, UPK_NO_STR, number, UPK_NO_STR, written);
  if (!cursor_done(&c))
    read_remainder(r, at, (piece){value.of, cursor_rest(&c)});
  return true;
}

static bool read_text(reader *r, ir_requirement_key key, const setting *at,
                      piece value) {
  cursor c = tokens_of(r, value.text);
  ir_bound bound = IR_BOUND_NONE;
  upk_str text = UPK_NO_STR;
  bool period = key == IR_REQUIREMENT_availability_period;
  if (!period)
    (void)skip_filler(&c, &bound);
  bool found =
      period ? take_period(&c, &text) : take_zone(&c, r->ir->arena, &text);
  (void)skip_filler(&c, &bound);
  if (!found || !cursor_done(&c))
    return false;
  add_item(r, key, at, UPK_NO_STR, 0, text, value);
  return true;
}

bool read_scalar(reader *r, ir_requirement_key key, const setting *at,
                 piece value) {
  return ir_requirement_rows[key].type == UPK_TYPE_TEXT
             ? read_text(r, key, at, value)
             : read_number(r, key, at, value);
}
