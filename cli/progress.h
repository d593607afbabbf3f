/* What a run tells while it goes on, and at its end. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cli.h"
#include "plan_view.h"

/* A step as it is shown. */
typedef struct shown_step {
  const char *state;
  upk_str text;                   /* what it waits for, how far it is, or why */
  upk_str outcome;                /* absent until it has ended */
  const upk_json *before, *after; /* what its checks saw; or NULL */
  int64_t elapsed_us, told_us;
  int64_t blocked_ms; /* others' waits for it, summed */
} shown_step;

typedef struct progress {
  cli *c;
  plan_view view;
  shown_step *steps;
  UPK_VEC(size_t) live; /* steps under way or waiting, by index */
  upk_str wait;         /* what was last said to be waited for */
  size_t drawn;         /* lines of the live block on the terminal */
  int64_t drawn_us;     /* when it was written last */
  int64_t waited_us;    /* when a wait for a window was said last; 0: never */
} progress;

progress *progress_new(cli *c, const upk_json *plan);
/* An on_event; ctx is the progress. */
void progress_event(void *ctx, const upk_event *event);
/* Clears the live lines; the table of outcomes, what was left out and why, and
 * what to do next. */
void progress_end(progress *p, const upk_outcome *outcome, upk_status status,
                  bool dry);

/* events.c: one event as one line of JSON (docs/formats.md, "Events"). */
void event_json(const upk_event *event, upk_buf *out);

#endif
