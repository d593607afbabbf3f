/* How values of many objects changed between two samples, in few bytes.
 *
 * Objects have numbers from 0. A change says one of three things about one of
 * them: its value grew by so much, it was not known and now is, or it was known
 * and is no more. Each can be undone, so a series is the latest values and the
 * way back from them, and its oldest part can be cut off anywhere. What
 * neighbours share is written once: hundreds of thousands of ages that all grew
 * by the same take a few bytes. */
#ifndef RUNTIME_STATE_CHANGE_H
#define RUNTIME_STATE_CHANGE_H

#include <upkeep/base.h>

typedef enum change_tag {
  CHANGE_BY,    /* known before and after: `value` is the difference */
  CHANGE_FROM,  /* known after: `value` is what it is */
  CHANGE_UNTIL, /* known before: `value` is what it was */
} change_tag;

typedef struct change {
  uint32_t object;
  change_tag tag;
  int64_t value;
} change;

/* Values of objects 0 .. count-1. */
typedef struct cells {
  int64_t *values;
  uint8_t *known;
  size_t count;
} cells;

cells cells_new(upk_arena *arena, size_t count); /* all unknown */

typedef struct change_writer {
  upk_buf *out;
  uint32_t next;  /* the object behind the last */
  change run;     /* the first of those under way */
  uint32_t count; /* 0: none */
} change_writer;

/* Changes come in ascending order of objects. */
void change_put(change_writer *w, const change *c);
void change_finish(change_writer *w);

typedef struct change_reader {
  upk_str bytes;
  uint32_t next;
  change run;
  uint32_t left;
  bool damaged;
} change_reader;

void change_read(change_reader *r, upk_str bytes);
/* False at the end, and when the bytes are none of ours (`damaged`). */
bool change_next(change_reader *r, change *ret);

/* What leads from `before` to `after`, whose count is at least as large; true
 * when there is a difference. Values that differ by at most `slack` are the
 * same, and `after` gets the old one. */
bool change_between(const cells *before, cells *after, int64_t slack,
                    upk_buf *out);
/* Changes of two steps, `first` and then `second`, as those of one. */
void change_join(upk_str first, upk_str second, upk_buf *out);
/* Takes changes back; false when they are damaged or of more objects. */
bool change_undo(upk_str changes, cells *values);

/* All values; and back: false when the bytes are damaged. */
void cells_write(const cells *values, upk_buf *out);
bool cells_read(upk_arena *arena, upk_str bytes, size_t least,
                cells *ret_values);

/* Numbers in as few bytes as they need: seven bits each, least first. */
void varint_put(upk_buf *out, uint64_t value);
bool varint_get(upk_str *bytes, uint64_t *ret_value);

#endif
