/* What the renderings of a plan share. */
#ifndef CLI_PLAN_VIEW_H
#define CLI_PLAN_VIEW_H

#include "json.h"
#include "map.h"

typedef struct plan_view {
  upk_arena *arena;
  const upk_json *plan, *body, *target, *steps;
  upk_map numbers;    /* step id -> 1.. */
  upk_map signatures; /* step id -> how many the project asks for */
  upk_map first_to;   /* what edges lead to: number of the first, from 1 */
  size_t *next_to;    /* of each edge: the next one to the same; 0: none */
} plan_view;

void plan_view_init(plan_view *view, upk_arena *arena, const upk_json *plan);
size_t plan_view_number(const plan_view *view, upk_str id); /* 0: no step */
/* The moment that the plan was made for. */
int64_t plan_view_moment(const plan_view *view);
void plan_view_title(const plan_view *view, upk_buf *out);
void plan_view_blocking(const upk_json *step, upk_buf *out);
const char *plan_view_engine(const plan_view *view); /* "PostgreSQL" */
/* The line about the error budget; nothing when the plan has none. */
void plan_view_budget(const plan_view *view, upk_buf *out);
const char *plan_view_reversible(const upk_json *step);
/* Signatures that a step needs; 0: none. */
uint64_t plan_view_signatures(const plan_view *view, upk_str id);
upk_str plan_view_place(const plan_view *view, const upk_json *step);
void plan_view_after(const plan_view *view, upk_str id, upk_buf *out);

/* Statements, programs and batches of a step, a line or more each. */
void statements_text(const upk_json *statements, upk_buf *out);
/* A program and its arguments, as in a step's `exec`. */
void program_text(const upk_json *words, upk_buf *out);

#endif
