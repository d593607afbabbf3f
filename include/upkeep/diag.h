/* Diagnostics: stable codes, spans, carets, help, nearest right names.
 *
 * Nothing in libupkeep prints: the words go to a upk_diags handed in, and
 * the program renders them. Messages are lower case, one fact, no full stop;
 * help and notes are sentences or imperative phrases.
 */
#ifndef UPKEEP_DIAG_H
#define UPKEEP_DIAG_H

#include <upkeep/base.h>

typedef enum upk_severity {
  UPK_NOTE,
  UPK_WARNING,
  UPK_FAILURE, /* printed as "error" */
} upk_severity;

/* A place in a source: 1-based line and byte column; [start, end). line 0
 * means "no place". `source` indexes the sink's sources. */
typedef struct upk_span {
  uint32_t source;
  uint32_t line, column;
  uint32_t end_line, end_column;
} upk_span;
#define UPK_NO_SPAN ((upk_span){0, 0, 0, 0, 0})

typedef struct upk_label {
  upk_span span;
  upk_str text; /* may be empty */
} upk_label;

typedef struct upk_diag {
  int code; /* 1104 is UPK1104 */
  upk_severity severity;
  upk_str message;
  UPK_VEC(upk_label) labels; /* the first is the primary place */
  UPK_VEC(upk_str) notes;
  upk_str help; /* absent when none */
} upk_diag;

typedef struct upk_source_text {
  upk_str path; /* as the user names it */
  upk_str text; /* absent: no line is shown */
} upk_source_text;

typedef struct upk_diags {
  upk_arena *arena;
  UPK_VEC(upk_source_text) sources; /* item 0 is "no source" */
  UPK_VEC(upk_diag) items;
  size_t failures, warnings;
  size_t dropped; /* beyond 200: counted, not kept */
} upk_diags;

/* Everything added is copied into `arena`, which must outlive the sink. */
void upk_diags_init(upk_diags *diags, upk_arena *arena);
/* Registers a source; the same path twice gives the same number. */
uint32_t upk_diags_source(upk_diags *diags, upk_str path, upk_str text);

/* Adds a diagnostic with the severity its code has in core/codes; the result
 * is valid until the next upk_diag_add (never NULL). */
upk_diag *upk_diag_add(upk_diags *diags, int code, upk_span span,
                       const char *format, ...) UPK_PRINTF(4, 5);
void upk_diag_label(upk_diags *diags, upk_diag *diag, upk_span span,
                    const char *format, ...) UPK_PRINTF(4, 5);
void upk_diag_note(upk_diags *diags, upk_diag *diag, const char *format, ...)
    UPK_PRINTF(3, 4);
void upk_diag_help(upk_diags *diags, upk_diag *diag, const char *format, ...)
    UPK_PRINTF(3, 4);
/* Adds help "did you mean `x`?" when a candidate is near enough (Damerau-
 * Levenshtein distance at most a third of the length); ties go to the first
 * by bytes. Returns whether one was. */
bool upk_diag_suggest(upk_diags *diags, upk_diag *diag, upk_str wrong,
                      const upk_str *candidates, size_t count);

/* One row of core/codes. */
typedef struct upk_code {
  int code;
  upk_severity severity;
  const char *name; /* kebab-case, e.g. "type-mismatch" */
  const char *doc;  /* what it means and what to do, for `explain` */
} upk_code;
const upk_code *upk_code_find(int code);   /* NULL when unknown */
const upk_code *upk_code_at(size_t index); /* NULL past the end; ascending */

/* The item of `diags` that says the same of the same place as an item of
 * `from`, or NULL. */
upk_diag *upk_diags_find(upk_diags *diags, const upk_diags *from,
                         const upk_diag *item);
/* Adds a copy of an item of `from`; valid as what upk_diag_add gives. */
upk_diag *upk_diags_copy(upk_diags *to, const upk_diags *from,
                         const upk_diag *item);
/* Copies what `from` has and `to` has not said yet, in its order. */
void upk_diags_merge(upk_diags *to, const upk_diags *from);

/* error[UPK1104]: message, arrow line, source line, carets (see cli.md).
 * `color`: ANSI. Renders all, in order of source and place, then a count. */
void upk_diags_render_text(const upk_diags *diags, bool color, upk_buf *out);
/* JSON array: [{code, severity, message, path, line, column, ...}] */
void upk_diags_render_json(const upk_diags *diags, upk_buf *out);
/* Where files are in the repository, for code scanning. */
typedef struct upk_sarif_places {
  upk_str prefix;    /* before each path: "db/", or absent */
  upk_str otherwise; /* the file of what has no place in the repository */
} upk_sarif_places;
/* SARIF 2.1.0 log with one run; columns in UTF-16 code units. */
void upk_diags_render_sarif(const upk_diags *diags, upk_sarif_places places,
                            upk_buf *out);
/* Canonical JSON with sources, to cross a process border, and back. */
void upk_diags_encode(const upk_diags *diags, upk_buf *out);
bool upk_diags_decode(upk_diags *diags, upk_str bytes);

#endif
