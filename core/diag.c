/* The sink of diagnostics, and the table of codes. */
#include <string.h>

#include "quote.h"
#include "secret.h"
#include <upkeep/diag.h>

enum { KEPT_MAX = 200 };

static const upk_code codes[] = {
#define X(code, severity, name, doc) {code, UPK_##severity, name, doc},
#include "codes/1000-syntax.def"
#include "codes/1100-expression.def"
#include "codes/1200-name.def"
#include "codes/1300-lua.def"
#include "codes/1400-check.def"
#include "codes/1500-plan.def"
#include "codes/1600-requirements.def"
#include "codes/2000-lint.def"
#include "codes/3000-input.def"
#include "codes/3100-runtime.def"
#include "codes/3200-run.def"
#include "codes/3300-approval.def"
#include "codes/4000-cli.def"
#include "codes/4100-test.def"
#undef X
};
enum { CODE_COUNT = sizeof codes / sizeof *codes };

const upk_code *upk_code_find(int code) {
  for (size_t i = 0; i < CODE_COUNT; i++)
    if (codes[i].code == code)
      return &codes[i];
  return NULL;
}

const upk_code *upk_code_at(size_t index) {
  return index < CODE_COUNT ? &codes[index] : NULL;
}

/* Texts may quote broken input; what is kept is UTF-8 of the same length, so
 * that columns stay right and every rendering is legal. */
static upk_str copy_clean(upk_arena *arena, upk_str text) {
  if (!text.data)
    return text;
  char *bytes = upk_arena_alloc(arena, text.len + 1);
  if (text.len)
    memcpy(bytes, text.data, text.len);
  if (!upk_utf8_valid(text))
    for (size_t i = 0; i < text.len; i++)
      if ((unsigned char)bytes[i] >= 0x80 || bytes[i] == '\0')
        bytes[i] = '?';
  return (upk_str){bytes, text.len};
}

/* Lines of it are shown, whatever is wrong with them: without passwords. */
static upk_str copy_source(upk_arena *arena, upk_str text) {
  upk_str copy = copy_clean(arena, text);
  union {
    const char *given;
    char *ours; /* copy_clean has just made it */
  } bytes = {copy.data};
  if (copy.data)
    upk_secret_blank(bytes.ours, copy.len);
  return copy;
}

void upk_diags_init(upk_diags *diags, upk_arena *arena) {
  *diags = (upk_diags){.arena = arena};
  *UPK_PUSH(arena, &diags->sources) =
      (upk_source_text){UPK_STR(""), UPK_NO_STR};
}

uint32_t upk_diags_source(upk_diags *diags, upk_str path, upk_str text) {
  for (size_t i = 1; i < diags->sources.len; i++)
    if (upk_str_equal(diags->sources.items[i].path, path)) {
      if (!diags->sources.items[i].text.data)
        diags->sources.items[i].text = copy_source(diags->arena, text);
      return (uint32_t)i;
    }
  *UPK_PUSH(diags->arena, &diags->sources) = (upk_source_text){
      copy_clean(diags->arena, path), copy_source(diags->arena, text)};
  return (uint32_t)(diags->sources.len - 1);
}

UPK_PRINTF(2, 0)
static upk_str format_text(upk_arena *arena, const char *format, va_list args) {
  upk_str text = upk_arena_vprintf(arena, format, args);
  return upk_secret_hide(arena,
                         upk_utf8_valid(text) ? text : copy_clean(arena, text));
}

upk_diag *upk_diag_add(upk_diags *diags, int code, upk_span span,
                       const char *format, ...) {
  const upk_code *row = upk_code_find(code);
  upk_severity severity = row ? row->severity : UPK_FAILURE;
  upk_diag *diag;
  diags->failures += severity == UPK_FAILURE;
  diags->warnings += severity == UPK_WARNING;
  if (diags->items.len >= KEPT_MAX) {
    diags->dropped++;
    diag = UPK_NEW(diags->arena, upk_diag); /* filled, and not kept */
  } else {
    diag = UPK_PUSH(diags->arena, &diags->items);
  }
  diag->code = code;
  diag->severity = severity;
  va_list args;
  va_start(args, format);
  diag->message = format_text(diags->arena, format, args);
  va_end(args);
  if (span.line)
    *UPK_PUSH(diags->arena, &diag->labels) = (upk_label){span, UPK_STR("")};
  return diag;
}

void upk_diag_label(upk_diags *diags, upk_diag *diag, upk_span span,
                    const char *format, ...) {
  va_list args;
  va_start(args, format);
  upk_str text = format_text(diags->arena, format, args);
  va_end(args);
  /* A text for the primary place joins it. */
  if (diag->labels.len == 1 && !diag->labels.items[0].text.len &&
      memcmp(&diag->labels.items[0].span, &span, sizeof span) == 0) {
    diag->labels.items[0].text = text;
    return;
  }
  if (span.line)
    *UPK_PUSH(diags->arena, &diag->labels) = (upk_label){span, text};
}

void upk_diag_note(upk_diags *diags, upk_diag *diag, const char *format, ...) {
  va_list args;
  va_start(args, format);
  *UPK_PUSH(diags->arena, &diag->notes) =
      format_text(diags->arena, format, args);
  va_end(args);
}

void upk_diag_help(upk_diags *diags, upk_diag *diag, const char *format, ...) {
  va_list args;
  va_start(args, format);
  diag->help = format_text(diags->arena, format, args);
  va_end(args);
}

enum { WORD_MAX = 64 };

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Optimal string alignment distance (Damerau-Levenshtein without touching a
 * pair twice), case folded; over `limit` gives limit + 1. */
static size_t distance(upk_str a, upk_str b, size_t limit) {
  size_t rows[3][WORD_MAX + 1];
  size_t gap = a.len > b.len ? a.len - b.len : b.len - a.len;
  if (gap > limit || a.len > WORD_MAX || b.len > WORD_MAX)
    return limit + 1;
  for (size_t j = 0; j <= b.len; j++)
    rows[0][j] = j;
  for (size_t i = 1; i <= a.len; i++) {
    size_t *row = rows[i % 3], *above = rows[(i + 2) % 3],
           *before = rows[(i + 1) % 3];
    row[0] = i;
    for (size_t j = 1; j <= b.len; j++) {
      char x = a.data[i - 1], y = b.data[j - 1];
      bool same = (x | 32) == (y | 32);
      row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + !same);
      if (i > 1 && j > 1 && x == b.data[j - 2] && a.data[i - 2] == y)
        row[j] = least(row[j], before[j - 2] + 1);
    }
  }
  return rows[a.len % 3][b.len];
}

bool upk_diag_suggest(upk_diags *diags, upk_diag *diag, upk_str wrong,
                      const upk_str *candidates, size_t count) {
  size_t best = wrong.len / 3 + (wrong.len > 0 && wrong.len < 3) + 1;
  upk_str found = UPK_NO_STR;
  for (size_t i = 0; i < count; i++) {
    size_t d = distance(wrong, candidates[i], best);
    if (d < best || (d == best && found.data &&
                     upk_str_compare(candidates[i], found) < 0)) {
      best = d;
      found = candidates[i];
    }
  }
  if (!found.data)
    return false;
  upk_diag_help(diags, diag, "did you mean `%.*s`?", UPK_FMT(found));
  return true;
}
