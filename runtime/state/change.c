#include "state/change.h"

#include <string.h>

enum { CELLS_MAX = 1 << 26 };

/* ---- numbers ---- */

void varint_put(upk_buf *out, uint64_t value) {
  char bytes[10];
  size_t len = 0;
  for (; value >= 0x80; value >>= 7)
    bytes[len++] = (char)(value | 0x80);
  bytes[len++] = (char)value;
  upk_buf_add(out, bytes, len);
}

bool varint_get(upk_str *bytes, uint64_t *ret_value) {
  uint64_t value = 0;
  for (unsigned shift = 0; bytes->len && shift < 64; shift += 7) {
    unsigned char byte = (unsigned char)*bytes->data++;
    bytes->len--;
    value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) {
      *ret_value = value;
      return true;
    }
  }
  return false;
}

/* Small numbers of either sign become small ones without: 0, -1, 1, -2 ... */
static uint64_t folded(int64_t value) {
  return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}

static int64_t unfolded(uint64_t value) {
  uint64_t bits = (value >> 1) ^ (value & 1 ? UINT64_MAX : 0);
  int64_t result;
  memcpy(&result, &bits, sizeof result);
  return result;
}

/* Differences wrap: what is added comes off again, whatever the values. */
static int64_t plus(int64_t a, int64_t b) {
  uint64_t bits = (uint64_t)a + (uint64_t)b;
  int64_t result;
  memcpy(&result, &bits, sizeof result);
  return result;
}

static int64_t minus(int64_t a, int64_t b) {
  uint64_t bits = (uint64_t)a - (uint64_t)b;
  int64_t result;
  memcpy(&result, &bits, sizeof result);
  return result;
}

/* ---- writing: objects skipped * 8 + repeated * 4 + tag, value, repeats ----
 */

static void write_run(change_writer *w) {
  bool repeated = w->count > 1;
  uint64_t skipped = w->run.object - w->next;
  if (!w->count)
    return;
  varint_put(w->out,
             skipped << 3 | (uint64_t)repeated << 2 | (uint64_t)w->run.tag);
  varint_put(w->out, folded(w->run.value));
  if (repeated)
    varint_put(w->out, w->count);
  w->next = w->run.object + w->count;
  w->count = 0;
}

void change_put(change_writer *w, const change *c) {
  if (w->count && c->object == w->run.object + w->count &&
      c->tag == w->run.tag && c->value == w->run.value) {
    w->count++;
    return;
  }
  write_run(w);
  w->run = *c;
  w->count = 1;
}

void change_finish(change_writer *w) { write_run(w); }

/* ---- reading ---- */

void change_read(change_reader *r, upk_str bytes) {
  *r = (change_reader){.bytes = bytes};
}

static bool read_run(change_reader *r) {
  uint64_t head, value, count = 1;
  if (!r->bytes.len)
    return false;
  r->damaged = !varint_get(&r->bytes, &head) || (head & 3) > CHANGE_UNTIL ||
               !varint_get(&r->bytes, &value) ||
               ((head & 4) && !varint_get(&r->bytes, &count)) || !count ||
               count > CELLS_MAX || (head >> 3) > CELLS_MAX ||
               r->next + (head >> 3) + count > CELLS_MAX;
  if (r->damaged)
    return false;
  r->run = (change){.object = r->next + (uint32_t)(head >> 3),
                    .tag = (change_tag)(head & 3),
                    .value = unfolded(value)};
  r->left = (uint32_t)count;
  r->next = r->run.object + r->left;
  return true;
}

bool change_next(change_reader *r, change *ret) {
  if (!r->left && !read_run(r))
    return false;
  *ret = r->run;
  r->run.object++;
  r->left--;
  return true;
}

/* ---- what is done with them ---- */

cells cells_new(upk_arena *arena, size_t count) {
  return (cells){.values = UPK_NEW_ARRAY(arena, int64_t, count + 1),
                 .known = UPK_NEW_ARRAY(arena, uint8_t, count + 1),
                 .count = count};
}

static bool is_near(int64_t a, int64_t b, int64_t slack) {
  int64_t apart;
  return a == b || (slack && !__builtin_sub_overflow(a, b, &apart) &&
                    apart <= slack && apart >= -slack);
}

bool change_between(const cells *before, cells *after, int64_t slack,
                    upk_buf *out) {
  change_writer w = {.out = out};
  size_t start = out->len;
  for (size_t i = 0; i < after->count; i++) {
    bool was = i < before->count && before->known[i], is = after->known[i];
    change c = {.object = (uint32_t)i};
    if (was && is && is_near(before->values[i], after->values[i], slack)) {
      after->values[i] = before->values[i];
      continue;
    }
    if (!was && !is)
      continue;
    c.tag = was && is ? CHANGE_BY : is ? CHANGE_FROM : CHANGE_UNTIL;
    c.value = was && is ? minus(after->values[i], before->values[i])
              : is      ? after->values[i]
                        : before->values[i];
    change_put(&w, &c);
  }
  change_finish(&w);
  return out->len > start;
}

/* Two changes of one object as one; false when they cancel out. */
static bool joined(const change *a, const change *b, change *ret) {
  *ret = *a;
  if (a->tag == CHANGE_UNTIL) { /* then it was known again */
    ret->tag = CHANGE_BY;
    ret->value = minus(b->value, a->value);
    return ret->value != 0;
  }
  if (b->tag == CHANGE_UNTIL) {
    if (a->tag == CHANGE_FROM)
      return false;
    ret->tag = CHANGE_UNTIL;
    ret->value = minus(b->value, a->value);
    return true;
  }
  ret->value = plus(a->value, b->value);
  return a->tag == CHANGE_FROM || ret->value != 0;
}

void change_join(upk_str first, upk_str second, upk_buf *out) {
  change_writer w = {.out = out};
  change_reader one, two;
  change a, b, c;
  change_read(&one, first);
  change_read(&two, second);
  bool has_a = change_next(&one, &a), has_b = change_next(&two, &b);
  while (has_a || has_b) {
    bool same = has_a && has_b && a.object == b.object;
    bool take_a = has_a && (!has_b || a.object <= b.object);
    bool take_b = has_b && (!has_a || b.object <= a.object);
    if (!same)
      change_put(&w, take_a ? &a : &b);
    else if (joined(&a, &b, &c))
      change_put(&w, &c);
    if (take_a)
      has_a = change_next(&one, &a);
    if (take_b)
      has_b = change_next(&two, &b);
  }
  change_finish(&w);
}

bool change_undo(upk_str changes, cells *values) {
  change_reader r;
  change c;
  change_read(&r, changes);
  while (change_next(&r, &c)) {
    if (c.object >= values->count)
      return false;
    values->known[c.object] = c.tag != CHANGE_FROM;
    if (c.tag == CHANGE_BY)
      values->values[c.object] = minus(values->values[c.object], c.value);
    else
      values->values[c.object] = c.tag == CHANGE_UNTIL ? c.value : 0;
  }
  return !r.damaged;
}

/* ---- all values: as the changes from nothing ---- */

void cells_write(const cells *values, upk_buf *out) {
  change_writer w = {.out = out};
  varint_put(out, values->count);
  for (size_t i = 0; i < values->count; i++)
    if (values->known[i])
      change_put(&w, &(change){(uint32_t)i, CHANGE_FROM, values->values[i]});
  change_finish(&w);
}

bool cells_read(upk_arena *arena, upk_str bytes, size_t least,
                cells *ret_values) {
  change_reader r;
  change c;
  uint64_t count = 0;
  if (bytes.len && (!varint_get(&bytes, &count) || count > CELLS_MAX))
    return false;
  *ret_values = cells_new(arena, count > least ? (size_t)count : least);
  change_read(&r, bytes);
  while (change_next(&r, &c)) {
    if (c.object >= ret_values->count)
      return false;
    ret_values->known[c.object] = 1;
    ret_values->values[c.object] = c.value;
  }
  return !r.damaged;
}
