/* How a requirements document is understood. Every word of a line must be
 * understood, or the line is said to be not: nothing is guessed.
 *
 *   document.c   sections, headings, lists: what stands in which context
 *   table.c      tables: what their columns say
 *   block.c      fenced blocks, read as YAML
 *   statement.c  one `key: value`, or one sentence
 *   key.c        words.def: what keys are called
 *   token.c      words, numbers and marks
 *   quantity.c   numbers, durations, ratios, and what bounds them
 *   scalar.c     values of one thing: availability, times, counts
 *   lists.c      values that are lists: tables, regimes, contacts
 *   when.c       windows
 *   date.c       dates
 *   blackout.c   blackouts, from a day to a day
 *   recur.c      blackouts that come again
 *   add.c        values with their places; contradictions
 *   over.c       what a policy test puts over the document
 */
#ifndef COMPILER_REQUIREMENTS_PRIVATE_H
#define COMPILER_REQUIREMENTS_PRIVATE_H

#include "front/markdown/read.h"
#include "ir/ir.h"
#include "map.h"

enum { ITEMS_MAX = 10000, PROSE_BYTES_MAX = 400, WORDS_MAX = 200 };

/* A key that says something about the document, and asks for nothing. */
#define KEY_IGNORED IR_REQUIREMENT_COUNT
/* A key that only says what kind of thing its value is: "Performance: p99 ..".
 */
#define KEY_GROUP (IR_REQUIREMENT_COUNT + 1)

typedef struct reader {
  ir *ir;
  ir_requirements *out;
  md_document doc;
  upk_map words;     /* normalised phrase -> key */
  bool strict;       /* in a block: what is not understood is an error */
  bool quiet;        /* warnings are said elsewhere */
  upk_span zoneless; /* the first hours without a zone */
  bool full;         /* there are too many: said */
  size_t blocks;     /* read so far */
} reader;

/* A part of a text of the document. */
typedef struct piece {
  const md_text *of;
  upk_str text;
} piece;

/* Where a statement stands: what the headings, items or columns around it say.
 */
typedef struct setting {
  int key;        /* ir_requirement_key, or -1 */
  upk_str phrase; /* of it, for "availability" + "target" */
  upk_str target; /* name of the target, or absent */
  upk_str name;   /* of a window or a table, or absent */
  bool several;   /* of a list: unnamed windows are not one and the same */
} setting;

upk_span piece_span(const reader *r, piece p);
piece piece_whole(const md_text *text);
piece piece_part(piece p, size_t start, size_t end);
piece piece_trim(piece p);
/* Texts one after the other with a space between; they keep their places. */
md_text *piece_join(reader *r, const piece *parts, size_t count);

/* ---- token.c ---- */

typedef enum token_type { TOKEN_WORD, TOKEN_NUMBER, TOKEN_MARK } token_type;
typedef struct token {
  token_type type;
  bool joined; /* nothing stands between it and the one before */
  upk_str text;
} token;
typedef struct cursor {
  const token *items;
  size_t at, len;
} cursor;

/* At most WORDS_MAX; more make it empty. */
cursor tokens_of(reader *r, upk_str text);
const token *cursor_peek(const cursor *c, size_t ahead); /* NULL past the end */
bool cursor_word(const cursor *c, size_t ahead, const char *word);
bool cursor_mark(const cursor *c, size_t ahead, char mark);
/* Takes the words if they come next; words of `phrase` are separated by spaces.
 */
bool cursor_take(cursor *c, const char *phrase);
bool cursor_done(const cursor *c);
/* What is left, as text. */
upk_str cursor_rest(const cursor *c);
bool word_is(upk_str text, const char *word); /* ASCII case does not matter */

/* ---- quantity.c ---- */

/* 7, 1,000, three; not 7.5. */
bool take_count(cursor *c, int64_t *ret);
bool take_duration(cursor *c, int64_t *ret_us);
/* Words that mean nothing here, and those that bound a value: "must stay
 * under". False when they say both at least and at most. */
bool skip_filler(cursor *c, ir_bound *ret_bound);
/* day, week, month, quarter, year. */
bool take_period(cursor *c, upk_str *ret_period);
bool take_ratio(reader *r, cursor *c, piece where, int64_t *ret_ppm);

/* ---- add.c ---- */

void add_item(reader *r, ir_requirement_key key, const setting *at,
              upk_str name, int64_t integer, upk_str text, piece written);
/* 1613: a value that cannot be meant. Returns true: it was understood. */
bool absurd(reader *r, piece where, const char *format, ...) UPK_PRINTF(3, 4);
/* 1611: not understood. `help` may be NULL. */
void unread(reader *r, piece where, int key, const char *help);
/* 1610 */
void unknown_key(reader *r, piece key);
upk_str slug(reader *r, upk_str text);

/* ---- key.c ---- */

void keys_init(reader *r);
/* -1: none; KEY_IGNORED. */
int key_find(reader *r, upk_str phrase);
/* The two phrases as one. */
int key_find_both(reader *r, upk_str first, upk_str second);
/* The longest key in a sentence; -1: none. */
int key_in(reader *r, upk_str text, upk_str *ret_phrase);
/* Lower case, single spaces, no marks, no plural s. */
upk_str key_normal(reader *r, upk_str phrase);
/* The target that is called so; absent: none. */
upk_str target_named(const reader *r, upk_str text);

/* ---- values: true when the value was understood, or said to be absurd ---- */

bool read_scalar(reader *r, ir_requirement_key key, const setting *at,
                 piece value);
bool read_list(reader *r, ir_requirement_key key, const setting *at,
               piece value);
bool read_retention(reader *r, const setting *at, piece value);
bool read_windows(reader *r, const setting *at, piece value);
bool read_blackout(reader *r, const setting *at, piece value);
bool read_value(reader *r, ir_requirement_key key, const setting *at,
                piece value);

/* ---- when.c, blackout.c, recur.c ---- */

enum { NTHS_MAX = 5 };

/* Days and hours of one window or blackout. */
typedef struct spec {
  unsigned days; /* a bit a day, Monday is 1 */
  bool daily, monthly;
  int nths[NTHS_MAX]; /* first: 1, last: -1 */
  size_t nth_count;
  int start, end; /* minutes of the day; -1: not given */
  int64_t duration_us;
  upk_str zone, rrule;
  const token *first; /* where it begins and ends */
  const token *last;
} spec;

/* Takes days, hours, a length or a zone if they come next. */
bool take_when(reader *r, cursor *c, piece where, spec *s);
/* The zone, that of the document, or UTC, which is said. */
upk_str zone_of(reader *r, upk_str zone, piece where);
/* An iCalendar text with one event: what stands before its times, and behind.
 */
void blackout_event_begin(upk_buf *out);
void blackout_event_end(upk_buf *out, upk_str reason);
void blackout_add(reader *r, const setting *at, ir_required_blackout blackout,
                  piece where);
/* False when it is none, or a word is not understood: nothing was said. */
bool read_recurring(reader *r, const setting *at, piece value);
/* "only outside business hours (Mon-Fri 08:00-18:00)": a blackout. */
bool read_outside(reader *r, const setting *at, piece value);

/* IANA name, UTC+2, Z. */
bool take_zone(cursor *c, upk_arena *arena, upk_str *ret_zone);
bool take_clock(reader *r, cursor *c, piece where, int *ret_minute,
                bool *ret_bad);

typedef struct day_date {
  int year, month, day; /* 0: not given */
  int minute;           /* of the day; -1: not given */
  bool utc;
} day_date;
/* False when none comes next. */
bool take_date(cursor *c, day_date *ret_date);

/* ---- statements ---- */

/* `key: value`, or a sentence. False when it holds nothing that looks like a
 * requirement; what is not understood is said. `item`: of a list, where each is
 * meant to be one. */
bool read_statement(reader *r, const setting *at, piece text, bool item);
/* The key in front of ": ", " - " or " = "; false when there is none. */
bool split_key(reader *r, piece text, piece *ret_key, piece *ret_value);

void read_table(reader *r, const setting *at, size_t first, size_t end);
void read_block(reader *r, const md_block *fence);
/* A map of requirements, as in a block: its places are those of r->doc. */
void read_pairs(reader *r, const node *map);
/* "day", "start", "end", "duration", "zone" ...: parts of a window or blackout;
 * -1: none. */
typedef enum when_part {
  PART_DAY,
  PART_START,
  PART_END,
  PART_DURATION,
  PART_ZONE,
  PART_NAME,
  PART_COUNT
} when_part;
int part_find(reader *r, upk_str phrase);
/* Puts parts together and reads them as a window or a blackout. */
bool read_parts(reader *r, ir_requirement_key key, const setting *at,
                const piece parts[PART_COUNT]);

#endif
