/* upk_inspect and upk_inspect_many: inspections on one loop, so many at once.
 */
#include <uv.h>

#include "facts/inspection.h"

/* Requests that share their bytes, as those of one engine do, are read once. */
typedef struct known_request {
  upk_str bytes;
  inspect_request request;
  bool good;
  upk_diags diags; /* what is wrong with it */
} known_request;

typedef struct fleet fleet;

/* One inspection of those under way. */
typedef struct slot {
  fleet *fleet;
  size_t index;
  inspection in;
  upk_arena *said_arena;
  upk_diags said;
  upk_buf facts;
} slot;

struct fleet {
  const upk_inspect_request *requests;
  size_t count, next;
  const upk_clock *clock;
  uv_loop_t loop;
  upk_arena *arena;
  UPK_VEC(known_request *) known;
  slot *slots;
  size_t slot_count;
  /* Of a single target, instead of the slot's: where its facts go, and what
   * there is to say. */
  upk_sink output;
  upk_diags *diags;
  upk_inspected on_end;
  void *ctx;
};

static const known_request *request_of(fleet *f, upk_str bytes) {
  for (size_t i = 0; i < f->known.len; i++)
    if (f->known.items[i]->bytes.data == bytes.data &&
        f->known.items[i]->bytes.len == bytes.len)
      return f->known.items[i];
  known_request *known = UPK_NEW(f->arena, known_request);
  known->bytes = bytes;
  upk_diags_init(&known->diags, f->arena);
  known->good =
      inspect_request_read(f->arena, bytes, &known->diags, &known->request);
  *UPK_PUSH(f->arena, &f->known) = known;
  return known;
}

/* ---- one slot ---- */

/* The columns go first: whoever takes the facts may need as much again. */
static void finish(slot *s) {
  fleet *f = s->fleet;
  upk_status status = s->in.status;
  inspection_free(&s->in);
  f->on_end(f->ctx, s->index, status, &s->facts, &s->said);
  upk_buf_free(&s->facts);
  upk_arena_free(s->said_arena);
}

static void fill(fleet *f, slot *s);

static void on_closed(void *ctx) {
  slot *s = ctx;
  finish(s);
  fill(s->fleet, s);
}

/* False: it is over already. */
static bool start(fleet *f, slot *s, size_t index) {
  const upk_inspect_request *asked = &f->requests[index];
  const known_request *known = request_of(f, asked->request);
  s->fleet = f;
  s->index = index;
  s->said_arena = upk_arena_new(NULL);
  upk_diags_init(&s->said, s->said_arena);
  s->in = (inspection){.asked = asked,
                       .request = &known->request,
                       .diags = f->diags ? f->diags : &s->said,
                       .output = f->output.write ? f->output
                                                 : upk_sink_buf(&s->facts),
                       .on_end = on_closed,
                       .ctx = s,
                       .status = UPK_OK};
  if (known->good)
    return inspection_start(&s->in, &f->loop, f->clock->wall_us(f->clock->ctx));
  upk_diags_merge(s->in.diags, &known->diags);
  s->in.status = UPK_ERROR;
  return false;
}

/* Gives a free slot the next target. */
static void fill(fleet *f, slot *s) {
  while (f->next < f->count && !start(f, s, f->next++))
    finish(s);
}

/* ---- all ---- */

static void refuse_all(fleet *f) {
  upk_buf nothing = {0};
  for (size_t i = 0; i < f->count; i++) {
    upk_diags own = {0}, *said = f->diags ? f->diags : &own;
    upk_diags_init(&own, f->arena);
    upk_diag_add(said, 3140, UPK_NO_SPAN,
                 "target %.*s cannot be reached: no event loop could be made",
                 UPK_FMT(f->requests[i].target.name));
    f->on_end(f->ctx, i, UPK_UNREACHABLE, &nothing, said);
  }
}

static void run(fleet *f, unsigned parallel) {
  f->arena = upk_arena_new(NULL);
  if (uv_loop_init(&f->loop) != 0) {
    refuse_all(f);
  } else {
    f->slot_count = parallel < 1          ? 1
                    : parallel < f->count ? parallel
                                          : f->count;
    f->slots = UPK_NEW_ARRAY(f->arena, slot, f->slot_count + 1);
    for (size_t i = 0; i < f->slot_count; i++)
      fill(f, &f->slots[i]);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    uv_loop_close(&f->loop);
  }
  upk_arena_free(f->arena);
}

void upk_inspect_many(const upk_inspect_request *requests, size_t count,
                      unsigned parallel, const upk_clock *clock,
                      upk_inspected on_end, void *ctx) {
  fleet f = {.requests = requests,
             .count = count,
             .clock = clock,
             .on_end = on_end,
             .ctx = ctx};
  run(&f, parallel);
}

static void keep_status(void *ctx, size_t index, upk_status status,
                        upk_buf *facts, const upk_diags *said) {
  upk_status *kept = ctx;
  (void)index;
  (void)facts;
  (void)said;
  *kept = status;
}

upk_status upk_inspect(const upk_inspect_request *request,
                       const upk_clock *clock, upk_diags *diags,
                       upk_sink output) {
  upk_status status = UPK_ERROR;
  fleet f = {.requests = request,
             .count = 1,
             .clock = clock,
             .output = output,
             .diags = diags,
             .on_end = keep_status,
             .ctx = &status};
  run(&f, 1);
  return status;
}
