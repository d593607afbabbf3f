/* LIKE patterns, globs and versions. */
#include "expr/regex.h"
#include "expr/tree.h"

static uint32_t fold(uint32_t c, bool fold_case) {
  return fold_case && c >= 'A' && c <= 'Z' ? c + 32 : c;
}

/* The next character of a LIKE pattern; *ret_any: it is `_`. A backslash takes
 * the next one as it is, and is one itself at the very end. */
static uint32_t like_next(upk_str pattern, size_t *at, bool *ret_any) {
  uint32_t c = expr_decode(pattern, at);
  *ret_any = c == '_';
  if (c == '\\' && *at < pattern.len)
    c = expr_decode(pattern, at);
  return c;
}

/* The last % alone is ever taken back to, so time is O(text * pattern). */
bool upk_like(upk_str text, upk_str pattern, bool fold_case) {
  size_t t = 0, p = 0, percent_t = 0, percent_p = 0;
  bool has_percent = false;
  while (t < text.len || p < pattern.len) {
    if (p < pattern.len && pattern.data[p] == '%') {
      has_percent = true;
      percent_p = ++p;
      percent_t = t;
      continue;
    }
    if (p < pattern.len && t < text.len) {
      bool any;
      uint32_t want = fold(like_next(pattern, &p, &any), fold_case);
      uint32_t got = fold(expr_decode(text, &t), fold_case);
      if (any || want == got)
        continue;
    } else if (t >= text.len)
      return false; /* more pattern, and taking back makes less text */
    if (!has_percent || percent_t >= text.len)
      return false;
    expr_decode(text, &percent_t);
    t = percent_t;
    p = percent_p;
  }
  return true;
}

/* [a-z], [!a-z]; *at is behind the bracket. False when it is never closed, and
 * `[` then stands for itself. */
static bool glob_class(upk_str pattern, size_t *at, uint32_t c,
                       bool *ret_inside) {
  size_t p = *at;
  bool outside =
      p < pattern.len && (pattern.data[p] == '!' || pattern.data[p] == '^');
  bool inside = false, first = true;
  for (p += outside; p < pattern.len; first = false) {
    if (pattern.data[p] == ']' && !first) {
      *at = p + 1;
      *ret_inside = inside != outside;
      return true;
    }
    uint32_t low = expr_decode(pattern, &p), high = low;
    if (p + 1 < pattern.len && pattern.data[p] == '-' &&
        pattern.data[p + 1] != ']') {
      p++;
      high = expr_decode(pattern, &p);
    }
    inside |= c >= low && c <= high;
  }
  return false;
}

/* One character of the text against one item of the pattern. */
static bool glob_item(upk_str pattern, size_t *p, uint32_t c, bool paths) {
  uint32_t want = expr_decode(pattern, p);
  bool inside;
  if (want == '?')
    return !(paths && c == '/');
  if (want == '[' && glob_class(pattern, p, c, &inside))
    return inside && !(paths && c == '/');
  if (want == '\\' && *p < pattern.len)
    want = expr_decode(pattern, p);
  return want == c;
}

/* Where a star may be taken back to: its pattern, and the text behind what it
 * took so far. */
typedef struct glob_star {
  bool set, crosses;
  bool folders; /* it takes whole folders, with their slash */
  size_t p, t;
} glob_star;

/* Lets the star take one character (or folder) more. */
static bool glob_back(upk_str text, glob_star *star, size_t *t, size_t *p) {
  if (!star->set || star->t >= text.len)
    return false;
  uint32_t taken = expr_decode(text, &star->t);
  while (star->folders && taken != '/' && star->t < text.len)
    taken = expr_decode(text, &star->t);
  if ((taken == '/') > star->crosses || (taken != '/' && star->folders))
    return false;
  *t = star->t;
  *p = star->p;
  return true;
}

/* Two places to go back to suffice: a "**" and the star after it. A later star
 * that cannot cross '/' gives way to the last "**". */
static bool glob(upk_str text, upk_str pattern, bool paths) {
  size_t t = 0, p = 0;
  glob_star star = {0}, deep = {0};
  while (t < text.len || p < pattern.len) {
    if (p < pattern.len && pattern.data[p] == '*') {
      size_t begin = p;
      while (p < pattern.len && pattern.data[p] == '*')
        p++;
      bool crosses = !paths || p - begin > 1;
      bool folders = paths && crosses && p < pattern.len &&
                     pattern.data[p] == '/' &&
                     (begin == 0 || pattern.data[begin - 1] == '/');
      p += folders;
      star = (glob_star){true, crosses, folders, p, t};
      if (crosses)
        deep = star;
      continue;
    }
    if (p < pattern.len && t < text.len) {
      size_t next = t;
      uint32_t c = expr_decode(text, &next);
      if (glob_item(pattern, &p, c, paths)) {
        t = next;
        continue;
      }
    }
    if (glob_back(text, &star, &t, &p)) {
      if (star.crosses)
        deep = star;
      continue;
    }
    /* a star that crosses is the last "**" itself: it has tried everything */
    if (star.crosses || !glob_back(text, &deep, &t, &p))
      return false;
    star = deep;
  }
  return true;
}

bool upk_glob(upk_str text, upk_str pattern) {
  return glob(text, pattern, false);
}

bool upk_glob_path(upk_str text, upk_str pattern) {
  return glob(text, pattern, true);
}

/* ---- versions ---- */

enum { VERSION_PART = 10000, VERSION_FIRST = 1000000 };

bool upk_version_parse(upk_str text, int64_t *ret_version) {
  int64_t parts[4] = {0};
  size_t at = 0;
  for (size_t part = 0; part < 4; part++) {
    size_t digits = 0;
    for (; at < text.len && text.data[at] >= '0' && text.data[at] <= '9';
         at++, digits++)
      if (parts[part] < VERSION_FIRST)
        parts[part] = parts[part] * 10 + (text.data[at] - '0');
    if (parts[part] >= (part ? VERSION_PART : VERSION_FIRST))
      return false;
    if (digits == 0 && part == 0)
      return false;
    if (digits == 0 || at >= text.len || text.data[at] != '.')
      break;
    at++;
  }
  *ret_version = (parts[0] * VERSION_PART + parts[1]) * VERSION_PART + parts[2];
  return true;
}

void upk_version_format(int64_t version, upk_buf *out) {
  int64_t last = version % VERSION_PART;
  int64_t middle = version / VERSION_PART % VERSION_PART;
  upk_buf_int(out, version / VERSION_PART / VERSION_PART);
  if (middle || last) {
    upk_buf_char(out, '.');
    upk_buf_int(out, middle);
  }
  if (last) {
    upk_buf_char(out, '.');
    upk_buf_int(out, last);
  }
}
