/* One `key: value`, or one sentence. */
#include <string.h>

#include "front/requirements/private.h"

static bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\0'; }

/* Where `mark` stands with a space behind it; text.len when nowhere. */
static size_t find_mark(upk_str text, const char *mark) {
  size_t len = strlen(mark);
  for (size_t i = 0; i + len <= text.len; i++)
    if (memcmp(text.data + i, mark, len) == 0 &&
        (i + len == text.len || is_blank(text.data[i + len])))
      return i;
  return text.len;
}

bool split_key(reader *r, piece text, piece *ret_key, piece *ret_value) {
  static const char *const marks[] = {" -", " =",  " ->", " <",
                                      " >", " <=", " >="};
  size_t colon = find_mark(text.text, ":");
  if (colon < text.text.len) {
    *ret_key = piece_trim(piece_part(text, 0, colon));
    *ret_value = piece_trim(piece_part(text, colon + 1, text.text.len));
    return ret_key->text.len > 0;
  }
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
    size_t at = find_mark(text.text, marks[i]);
    piece key = piece_trim(piece_part(text, 0, at));
    if (at == text.text.len || key_find(r, key.text) < 0)
      continue;
    *ret_key = key;
    size_t skip =
        marks[i][1] == '-' || marks[i][1] == '=' ? strlen(marks[i]) : 0;
    *ret_value = piece_trim(piece_part(text, at + skip, text.text.len));
    return true;
  }
  return false;
}

bool read_value(reader *r, ir_requirement_key key, const setting *at,
                piece value) {
  value = piece_trim(value);
  if (!value.text.len)
    return false;
  switch (key) {
  case IR_REQUIREMENT_windows:
    return read_windows(r, at, value);
  case IR_REQUIREMENT_blackouts:
    return read_blackout(r, at, value);
  case IR_REQUIREMENT_retention:
    return read_retention(r, at, value);
  default:
    return ir_requirement_rows[key].type == UPK_TYPE_LIST
               ? read_list(r, key, at, value)
               : read_scalar(r, key, at, value);
  }
}

/* ---- what a key says beside its name ---- */

/* "Maintenance window (nightly)": what stands in parentheses. */
static upk_str qualifier_of(upk_str key) {
  size_t open = 0;
  while (open < key.len && key.data[open] != '(')
    open++;
  size_t close = open;
  while (close < key.len && key.data[close] != ')')
    close++;
  return close < key.len
             ? upk_str_trim((upk_str){key.data + open + 1, close - open - 1})
             : UPK_NO_STR;
}

/* A backup or trading window is none for maintenance. */
static bool names_window(upk_str word, upk_str rest) {
  static const char *const names[] = {
      "nightly",  "daily",   "weekly",    "monthly",   "weekend",  "weekday",
      "primary",  "main",    "secondary", "regular",   "standard", "usual",
      "short",    "long",    "small",     "large",     "big",      "heavy",
      "extended", "default", "preferred", "quarterly", "first",    "second",
      "night",    "our",     "agreed",    "approved",  "permitted"};
  static const char *const others[] = {"no",        "non",     "never",
                                       "outside",   "blocked", "forbidden",
                                       "emergency", "vendor",  "provider"};
  bool maintenance =
      rest.len > 5 && (rest.data[0] == 'm' || rest.data[0] == 'M');
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (word_is(word, names[i]))
      return true;
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (word_is(word, others[i]))
      return false;
  return maintenance;
}

/* "Nightly window", "weekly maintenance window": the word in front. */
static int key_behind_first_word(reader *r, upk_str text, upk_str *ret_word) {
  size_t space = 0;
  while (space < text.len && text.data[space] != ' ')
    space++;
  if (space == text.len || space > 40)
    return -1;
  upk_str rest = {text.data + space + 1, text.len - space - 1};
  int key = key_find(r, rest);
  *ret_word = (upk_str){text.data, space};
  if (key != IR_REQUIREMENT_windows)
    return key == IR_REQUIREMENT_blackouts ? key : -1;
  return names_window(*ret_word, rest) ? key : -1;
}

static void add_period(reader *r, int key, const setting *at, piece key_text,
                       upk_str qualifier) {
  upk_str period;
  cursor c = tokens_of(r, qualifier);
  if ((key == IR_REQUIREMENT_availability || key == IR_REQUIREMENT_downtime) &&
      take_period(&c, &period) && cursor_done(&c))
    add_item(r, IR_REQUIREMENT_availability_period, at, UPK_NO_STR, 0, period,
             (piece){key_text.of, qualifier});
}

/* What the parentheses behind a key mean: a target, a name, a period. */
static void qualify(reader *r, int key, setting *at, piece key_text) {
  upk_str qualifier = qualifier_of(key_text.text);
  if (!qualifier.data || !qualifier.len)
    return;
  upk_str target = target_named(r, qualifier);
  if (target.data)
    at->target = target;
  else if (key == IR_REQUIREMENT_windows || key == IR_REQUIREMENT_blackouts ||
           key == IR_REQUIREMENT_retention)
    at->name = qualifier;
  else
    add_period(r, key, at, key_text, qualifier);
}

/* ---- key and value ---- */

/* "No maintenance during shift change": a blackout, and what it is called. */
static int key_of_ban(upk_str text, upk_str *ret_name) {
  static const char *const starts[] = {"no maintenance during ",
                                       "nothing may run during ",
                                       "no changes during ",
                                       "no work during ",
                                       "no maintenance at ",
                                       "nothing runs during ",
                                       "do not run anything during ",
                                       "never run anything during ",
                                       "no jobs during "};
  for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
    size_t len = strlen(starts[i]);
    char start[32];
    if (text.len <= len)
      continue;
    memcpy(start, starts[i], len);
    start[len - 1] = '\0'; /* without the last space */
    if (!word_is((upk_str){text.data, len - 1}, start) ||
        text.data[len - 1] != ' ')
      continue;
    *ret_name = (upk_str){text.data + len, text.len - len};
    return IR_REQUIREMENT_blackouts;
  }
  return -1;
}

static int find_key(reader *r, const setting *at, piece key, setting *inner) {
  upk_str word;
  int both = key_find_both(r, at->phrase, key.text);
  int own = both >= 0 ? both : key_find(r, key.text);
  if (own >= 0)
    return own;
  own = key_of_ban(key.text, &word);
  if (own < 0)
    own = key_behind_first_word(r, key.text, &word);
  if (own >= 0)
    inner->name = word;
  return own;
}

/* A line below a key of which the key is the context: "audit_log: 7 years". */
static bool read_in_context(reader *r, const setting *at, piece text, piece key,
                            piece value) {
  setting inner = *at;
  upk_str target = target_named(r, key.text);
  if (at->key < 0 || at->key == KEY_IGNORED)
    return false;
  ir_requirement_key context = (ir_requirement_key)at->key;
  if (target.data && context != IR_REQUIREMENT_retention) {
    inner.target = target;
    return read_value(r, context, &inner, value);
  }
  switch (context) {
  case IR_REQUIREMENT_windows:
  case IR_REQUIREMENT_blackouts:
    inner.name = key.text;
    return read_value(r, context, &inner, value);
  case IR_REQUIREMENT_retention:
  case IR_REQUIREMENT_contacts:
    return read_value(r, context, at, text);
  case IR_REQUIREMENT_protected:
  case IR_REQUIREMENT_compliance: /* the rest says why */
    return read_value(r, context, at, key);
  default:
    return false;
  }
}

static bool read_keyed(reader *r, const setting *at, piece text, piece key,
                       piece value) {
  setting inner = *at;
  int found = find_key(r, at, key, &inner);
  if (found == KEY_IGNORED)
    return true;
  if (found == KEY_GROUP) {
    inner.phrase = key.text;
    inner.key = -1;
    return !value.text.len || read_statement(r, &inner, value, true);
  }
  if (found < 0)
    return read_in_context(r, at, text, key, value);
  inner.key = found;
  qualify(r, found, &inner, key);
  if (value.text.len &&
      !read_value(r, (ir_requirement_key)found, &inner, value))
    unread(r, value, found, NULL);
  return true;
}

/* ---- sentences ---- */

static bool has_unit(const cursor *c) {
  cursor copy = *c;
  int64_t us;
  return cursor_mark(c, 1, '%') || cursor_word(c, 1, "percent") ||
         take_duration(&copy, &us) ||
         (cursor_mark(c, 1, ':') && cursor_peek(c, 2) &&
          cursor_peek(c, 2)->type == TOKEN_NUMBER);
}

/* "No DDL during quarter-end close." */
static bool begins_with_ban(cursor c) {
  return cursor_take(&c, "no") || cursor_take(&c, "not") ||
         cursor_take(&c, "avoid") || cursor_take(&c, "keep");
}

/* Whether a sentence has the marks of a requirement. */
static bool looks_required(reader *r, upk_str text, bool item) {
  /* Those from ITEM_WORDS on are common in prose that asks for nothing. */
  static const char *const words[] = {
      "must",      "never",       "shall",      "may not",  "do not",
      "don t",     "not exceed",  "forbidden",  "no work",  "no changes",
      "no change", "not allowed", "outside",    "at least", "at most",
      "no more",   "cannot",      "prohibited", "nothing",  "nobody",
      "no one",    "touch",       "touched",    "touches",  "off limits",
      "hands off", "untouched",   "alone",      "always",   "only",
      "should",    "required",    "have to",    "has to",   "need",
      "needs",     "during",      "every",      "avoid",    "no",
      "not",       "applies",     "apply",      "nightly",  "daily",
      "weekly",    "night",       "until"};
  enum { ITEM_WORDS = 28 };
  size_t count = item ? sizeof words / sizeof *words : ITEM_WORDS;
  cursor c = tokens_of(r, text);
  upk_str phrase;
  day_date date;
  if (!c.len &&
      text.len) /* too many words to see: not passed over in silence */
    return true;
  bool known = key_in(r, text, &phrase) >= 0;
  if (begins_with_ban(c) || (item && known))
    return true;
  for (; !cursor_done(&c); c.at++) {
    const token *t = cursor_peek(&c, 0);
    cursor copy = c;
    if (t->type == TOKEN_NUMBER &&
        (item || known || has_unit(&c) || take_date(&copy, &date)))
      return true;
    for (size_t i = 0; i < count; i++) {
      copy = c;
      if (cursor_take(&copy, words[i]))
        return true;
    }
  }
  return false;
}

/* "contact dba@example.org" */
static bool has_address(upk_str text) {
  for (size_t i = 0; i < text.len; i++)
    if (text.data[i] == '@' || text.data[i] == '#' || text.data[i] == '+')
      return true;
  return false;
}

/* "X must never be touched between 6 and 8": X stands before the key. What is
 * said behind it is not understood, so that X is protected always. */
static bool read_subject(reader *r, ir_requirement_key key, const setting *at,
                         piece before, piece behind) {
  if (!read_value(r, key, at, before))
    return false;
  if (behind.text.len > 1 &&
      !(behind.text.len > 3 && word_is((upk_str){behind.text.data, 3}, "by ")))
    unread(r, behind, (int)key, NULL);
  return true;
}

static bool has_word_be(upk_str phrase) {
  for (size_t i = 0; i + 4 <= phrase.len; i++)
    if (word_is((upk_str){phrase.data + i, 4}, " be "))
      return true;
  return false;
}

/* The sentence without its key: "p99 must stay under 50ms". */
static bool read_prose(reader *r, const setting *at, piece text) {
  upk_str phrase;
  int found =
      text.text.len > PROSE_BYTES_MAX ? -1 : key_in(r, text.text, &phrase);
  if (found < 0)
    return false;
  ir_requirement_key key = (ir_requirement_key)found;
  size_t start = (size_t)(phrase.data - text.text.data);
  if (key == IR_REQUIREMENT_contacts && (start || !has_address(text.text)))
    return false;
  piece before = piece_trim(piece_part(text, 0, start));
  piece behind =
      piece_trim(piece_part(text, start + phrase.len, text.text.len));
  bool list = ir_requirement_rows[key].type == UPK_TYPE_LIST &&
              key != IR_REQUIREMENT_windows;
  if (list && before.text.len && has_word_be(phrase))
    return read_subject(r, key, at, before, behind);
  if (list)
    return read_value(r, key, at, behind.text.len > 1 ? behind : before);
  const piece parts[] = {before, behind};
  const md_text *joined = !before.text.len   ? NULL
                          : !behind.text.len ? NULL
                                             : piece_join(r, parts, 2);
  piece value = joined            ? piece_whole(joined)
                : before.text.len ? before
                                  : behind;
  return read_value(r, key, at, value);
}

/* A number, or "an hour". */
static bool has_number(reader *r, upk_str text) {
  cursor c = tokens_of(r, text);
  int64_t us;
  for (; !cursor_done(&c); c.at++) {
    cursor copy = c;
    if (cursor_peek(&c, 0)->type == TOKEN_NUMBER || take_duration(&copy, &us))
      return true;
  }
  return false;
}

static bool is_scalar_part(reader *r, piece part) {
  upk_str phrase;
  int key = part.text.len > PROSE_BYTES_MAX || !has_number(r, part.text)
                ? -1
                : key_in(r, part.text, &phrase);
  return key >= 0 && ir_requirement_rows[key].type != UPK_TYPE_LIST;
}

/* "RPO 5 minutes / RTO 1 hour": each with a key and a number of its own. */
static bool split_several(reader *r, piece text, piece *ret_first,
                          piece *ret_rest) {
  static const char *const marks[] = {" / ", "; ", ", ", " and "};
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
    size_t len = strlen(marks[i]);
    for (size_t at = 0; at + len <= text.text.len; at++) {
      if (memcmp(text.text.data + at, marks[i], len) != 0)
        continue;
      *ret_first = piece_trim(piece_part(text, 0, at));
      *ret_rest = piece_trim(piece_part(text, at + len, text.text.len));
      if (is_scalar_part(r, *ret_first) && is_scalar_part(r, *ret_rest))
        return true;
      break;
    }
  }
  return false;
}

/* "The ledger must be available": the target of the sentence. */
static piece take_subject(reader *r, piece text, setting *at) {
  size_t start = 0, end;
  if (text.text.len > 4 && word_is((upk_str){text.text.data, 3}, "the") &&
      is_blank(text.text.data[3]))
    start = 4;
  for (end = start; end < text.text.len && !is_blank(text.text.data[end]);)
    end++;
  upk_str target =
      target_named(r, (upk_str){text.text.data + start, end - start});
  if (!target.data || at->target.data || end == text.text.len)
    return text;
  at->target = target;
  return piece_trim(piece_part(text, end, text.text.len));
}

static bool read_plain(reader *r, const setting *at, piece text) {
  bool open = at->key >= 0 && at->key != KEY_IGNORED;
  cursor c = tokens_of(r, text.text);
  upk_str period;
  if (open && read_value(r, (ir_requirement_key)at->key, at, text))
    return true;
  if ((at->key == IR_REQUIREMENT_availability ||
       at->key == IR_REQUIREMENT_downtime) &&
      take_period(&c, &period) && cursor_done(&c)) {
    add_item(r, IR_REQUIREMENT_availability_period, at, UPK_NO_STR, 0, period,
             text);
    return true;
  }
  setting inner = *at;
  piece first, rest;
  if (text.text.len <= PROSE_BYTES_MAX &&
      split_several(r, text, &first, &rest)) {
    (void)read_statement(r, at, first, true);
    (void)read_statement(r, at, rest, true);
    return true;
  }
  return read_prose(r, &inner, take_subject(r, text, &inner));
}

bool read_statement(reader *r, const setting *at, piece text, bool item) {
  piece key, value;
  text = piece_trim(text);
  if (!text.text.len)
    return false;
  bool split = split_key(r, text, &key, &value);
  if (split && read_keyed(r, at, text, key, value))
    return true;
  if (read_plain(r, at, text))
    return true;
  bool required = looks_required(r, text.text, item);
  if (split && item && !required && at->key < 0) {
    unknown_key(r, key);
    return true;
  }
  if (split && item && value.text.len && at->key < 0)
    unknown_key(r, key);
  else if (required || (item && at->key >= 0 && at->key != KEY_IGNORED))
    unread(r, text, at->key, NULL);
  return required;
}

/* ---- parts of windows and blackouts ---- */

int part_find(reader *r, upk_str phrase) {
  static const struct {
    const char *word;
    when_part part;
  } rows[] = {
      {"day", PART_DAY},          {"weekday", PART_DAY},
      {"day of week", PART_DAY},  {"frequency", PART_DAY},
      {"repeat", PART_DAY},       {"start", PART_START},
      {"from", PART_START},       {"begin", PART_START},
      {"start time", PART_START}, {"starting", PART_START},
      {"open", PART_START},       {"start date", PART_START},
      {"time", PART_START},       {"hour", PART_START},
      {"when", PART_START},       {"schedule", PART_START},
      {"rrule", PART_START},      {"recurrence", PART_START},
      {"rule", PART_START},       {"date", PART_START},
      {"calendar", PART_START},   {"end", PART_END},
      {"to", PART_END},           {"until", PART_END},
      {"end time", PART_END},     {"end date", PART_END},
      {"close", PART_END},        {"finish", PART_END},
      {"through", PART_END},      {"duration", PART_DURATION},
      {"length", PART_DURATION},  {"last", PART_DURATION},
      {"timezone", PART_ZONE},    {"time zone", PART_ZONE},
      {"tz", PART_ZONE},          {"zone", PART_ZONE},
      {"name", PART_NAME},        {"event", PART_NAME},
      {"reason", PART_NAME},      {"why", PART_NAME},
      {"occasion", PART_NAME},    {"what", PART_NAME},
      {"title", PART_NAME},       {"period name", PART_NAME},
  };
  upk_str normal = key_normal(r, phrase);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (upk_str_is(normal, rows[i].word))
      return (int)rows[i].part;
  return -1;
}

bool read_parts(reader *r, ir_requirement_key key, const setting *at,
                const piece parts[PART_COUNT]) {
  piece pieces[2 * PART_COUNT];
  size_t count = 0;
  setting inner = *at;
  for (int i = 0; i < PART_NAME; i++) {
    if (!parts[i].text.len)
      continue;
    const char *before = !count               ? NULL
                         : i == PART_END      ? "to"
                         : i == PART_DURATION ? "for"
                                              : NULL;
    if (before)
      pieces[count++] = (piece){parts[i].of, upk_str_from(before)};
    pieces[count++] = parts[i];
  }
  if (!count)
    return false;
  if (parts[PART_NAME].text.len)
    inner.name = parts[PART_NAME].text;
  piece whole = piece_whole(piece_join(r, pieces, count));
  if (!read_value(r, key, &inner, whole))
    unread(r, whole, (int)key, NULL);
  return true;
}
