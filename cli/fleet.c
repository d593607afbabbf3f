/* Many targets at once: the databases are asked on one loop, and meanwhile one
 * other thread hands the facts of those that have ended to the compiling child
 * and gives the results away, in order.
 *
 *     caller's thread:  requests -> upk_inspect_many -> queue
 *     the other:                                        queue -> child ->
 * result
 *
 * A member belongs to the caller's thread until it is queued, then to the other
 * one until that has ended.
 */
#include <malloc.h>
#include <pthread.h>

#include "cell.h"
#include "child.h"
#include "cli.h"

enum {
  PARALLELISM = 10,
  PARALLELISM_MAX = 1000,
  QUEUED_BYTES_MAX = 32 * 1024 * 1024, /* of facts: then the loop waits */
  LARGE_BYTES = 16 * 1024 * 1024, /* of facts: what made them is given back to
                                   * the system, which main() lets libc keep */
  NAMED_MAX = 3,                  /* targets in a note */
};

typedef struct member {
  upk_str name;
  upk_inspect_request inspection;
  upk_status status;
  upk_arena *arena; /* of `said`; NULL: nothing was said */
  upk_diags said;
  upk_buf facts, result;
  bool ended; /* nothing more becomes of it */
} member;

typedef struct fleet {
  cli *c;
  const project *project;
  const fleet_request *asked;
  child *compiler;
  member *members;
  size_t count;
  size_t *of_inspection; /* member of each inspection */
  size_t next_result, ended;
  bool live; /* a terminal: one line is rewritten */

  pthread_mutex_t mutex; /* of all below */
  pthread_cond_t changed;
  size_t *queue; /* members; room for all */
  size_t queued, taken, queued_bytes;
  bool closed;   /* nothing more will be queued */
  bool threaded; /* somebody takes while we put */
} fleet;

static void keep_said(member *m, const upk_diags *said) {
  if (!said->items.len && !said->dropped)
    return;
  if (!m->arena) {
    m->arena = upk_arena_new(NULL);
    upk_diags_init(&m->said, m->arena);
  }
  upk_diags_merge(&m->said, said);
}

/* ---- progress and results: the other thread ---- */

static void show_progress(const fleet *f) {
  if (f->live && f->ended < f->count)
    fprintf(stderr, "\r\033[K%s: %zu of %zu targets", f->asked->doing, f->ended,
            f->count);
}

static void clear_progress(const fleet *f) {
  if (f->live)
    fputs("\r\033[K", stderr);
}

static void give_results(fleet *f) {
  while (f->next_result < f->count && f->members[f->next_result].ended) {
    member *m = &f->members[f->next_result++];
    if (m->status == UPK_OK) {
      clear_progress(f);
      f->asked->on_result(f->asked->ctx, m->name, upk_buf_view(&m->result));
    }
    upk_buf_free(&m->result);
  }
}

static void end_member(fleet *f, member *m) {
  m->ended = true;
  f->ended++;
  give_results(f);
  show_progress(f);
}

static void compile_member(fleet *f, member *m) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_compile_request request = request_new(f->c, f->project, f->asked->mode);
  upk_diags said;
  upk_diags_init(&said, arena);
  request.target = m->name;
  request.facts = upk_buf_view(&m->facts);
  request.facts_path = UPK_STR("facts");
  m->status = child_ask(f->compiler, &request, &said, &m->result);
  keep_said(m, &said);
  upk_arena_free(arena);
}

/* NULL: there are no more. */
static member *take(fleet *f) {
  member *m = NULL;
  pthread_mutex_lock(&f->mutex);
  while (f->taken == f->queued && !f->closed)
    pthread_cond_wait(&f->changed, &f->mutex);
  if (f->taken < f->queued) {
    m = &f->members[f->queue[f->taken++]];
    f->queued_bytes -= m->facts.len;
    pthread_cond_broadcast(&f->changed);
  }
  pthread_mutex_unlock(&f->mutex);
  return m;
}

static void *work(void *fleet_ptr) {
  fleet *f = fleet_ptr;
  member *m;
  show_progress(f);
  give_results(f);
  while ((m = take(f)) != NULL) {
    if (m->status == UPK_OK && f->asked->mode == UPK_COMPILE_CHECK) {
      compile_member(f, m);
      upk_buf_free(&m->facts);
    } else {
      m->result = m->facts;
      m->facts = (upk_buf){0};
    }
    end_member(f, m);
  }
  clear_progress(f);
  return NULL;
}

/* ---- the loop's thread ---- */

static void put(fleet *f, size_t index) {
  pthread_mutex_lock(&f->mutex);
  f->queue[f->queued++] = index;
  f->queued_bytes += f->members[index].facts.len;
  pthread_cond_broadcast(&f->changed);
  while (f->threaded && f->queued_bytes > QUEUED_BYTES_MAX)
    pthread_cond_wait(&f->changed, &f->mutex);
  pthread_mutex_unlock(&f->mutex);
}

static void on_inspected(void *ctx, size_t index, upk_status status,
                         upk_buf *facts, const upk_diags *said) {
  fleet *f = ctx;
  member *m = &f->members[f->of_inspection[index]];
  m->status = status;
  keep_said(m, said);
  if (status == UPK_OK) {
    m->facts = *facts;
    *facts = (upk_buf){0};
    if (m->facts.len > LARGE_BYTES)
      malloc_trim(0);
  }
  put(f, f->of_inspection[index]);
}

static void inspect_all(fleet *f, const upk_inspect_request *inspections,
                        size_t count, unsigned parallel) {
  pthread_t other;
  upk_clock clock = system_clock();
  f->threaded = pthread_create(&other, NULL, work, f) == 0;
  upk_inspect_many(inspections, count, parallel, &clock, on_inspected, f);
  pthread_mutex_lock(&f->mutex);
  f->closed = true;
  pthread_cond_broadcast(&f->changed);
  pthread_mutex_unlock(&f->mutex);
  if (f->threaded)
    pthread_join(other, NULL);
  else
    work(f);
}

/* ---- requests: one for all targets that the same policies apply to ---- */

static void share_request(fleet *f, size_t first, upk_str bytes) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_json_error error;
  const upk_json *names =
      upk_json_get(upk_json_parse(arena, bytes, &error), "targets");
  for (size_t i = first; i < f->count; i++)
    for (size_t j = 0; j < upk_json_count(names); j++)
      if (upk_str_equal(f->members[i].name, upk_json_at(names, j)->string))
        f->members[i].inspection.request = bytes;
  f->members[first].inspection.request = bytes;
  upk_arena_free(arena);
}

static void compile_request(fleet *f, size_t index) {
  member *m = &f->members[index];
  upk_arena *arena = upk_arena_new(NULL);
  upk_compile_request request =
      request_new(f->c, f->project, UPK_COMPILE_INSPECT);
  upk_buf bytes = {0};
  upk_diags said;
  upk_diags_init(&said, arena);
  request.target = m->name;
  request.all_attributes = flag_given(f->c, FLAG_all);
  m->status = child_ask(f->compiler, &request, &said, &bytes);
  if (m->status == UPK_OK)
    share_request(f, index, upk_arena_copy(f->c->arena, upk_buf_view(&bytes)));
  keep_said(m, &said);
  upk_buf_free(&bytes);
  upk_arena_free(arena);
}

/* Connections and requests; those without are ended. The count of inspections.
 */
static size_t prepare(fleet *f, upk_inspect_request *inspections) {
  size_t count = 0;
  bool record = records_facts(f->c);
  upk_state *state = project_state(f->c, f->project, record);
  for (size_t i = 0; i < f->count; i++) {
    member *m = &f->members[i];
    m->status =
        project_target(f->c, f->project, m->name, &m->inspection.target);
    if (m->status == UPK_OK && !m->inspection.request.data)
      compile_request(f, i);
    m->ended = m->status != UPK_OK;
    f->ended += m->ended;
    if (m->ended)
      continue;
    m->inspection.state = state;
    m->inspection.record = record;
    f->of_inspection[count] = i;
    inspections[count++] = m->inspection;
  }
  return count;
}

/* ---- what there is to say ---- */

static bool is_said_before(const fleet *f, size_t index, const upk_diag *item) {
  const upk_diags *said = &f->members[index].said;
  if (upk_diags_find(&f->c->diags, said, item))
    return true;
  for (size_t i = 0; i < index; i++)
    if (f->members[i].arena && upk_diags_find(&f->members[i].said, said, item))
      return true;
  return false;
}

static bool names_target(const upk_diag *item, upk_str name) {
  for (size_t i = 0; i + name.len <= item->message.len; i++)
    if (upk_str_equal((upk_str){item->message.data + i, name.len}, name))
      return true;
  return false;
}

/* Names the targets that said it, when they are some of several. */
static void note_targets(fleet *f, size_t first, const upk_diag *item,
                         upk_diag *diag) {
  upk_buf names = {0};
  size_t count = 0;
  for (size_t i = first; i < f->count; i++) {
    member *m = &f->members[i];
    if (!m->arena || !upk_diags_find(&m->said, &f->members[first].said, item))
      continue;
    if (count++ < NAMED_MAX)
      upk_buf_printf(&names, "%s%.*s", count > 1 ? ", " : "", UPK_FMT(m->name));
  }
  if (count > NAMED_MAX)
    upk_buf_printf(&names, " and %zu more", count - NAMED_MAX);
  if (count < f->count)
    upk_diag_note(&f->c->diags, diag, "Said of %.*s.",
                  UPK_FMT(upk_buf_view(&names)));
  upk_buf_free(&names);
}

static void tell(fleet *f, size_t index) {
  member *m = &f->members[index];
  for (size_t i = 0; m->arena && i < m->said.items.len; i++) {
    const upk_diag *item = &m->said.items.items[i];
    if (is_said_before(f, index, item))
      continue;
    upk_diag *diag = upk_diags_copy(&f->c->diags, &m->said, item);
    if (!names_target(item, m->name))
      note_targets(f, index, item, diag);
  }
  f->c->diags.dropped += m->said.dropped;
}

/* Of two failures the one that says less about what to do is the worse. */
static int badness(upk_status status) {
  static const upk_status rising[] = {UPK_OK,     UPK_UNREACHABLE, UPK_STALE,
                                      UPK_DENIED, UPK_ERROR,       UPK_USAGE};
  for (int i = 0; i < (int)(sizeof rising / sizeof *rising); i++)
    if (rising[i] == status)
      return i;
  return (int)(sizeof rising / sizeof *rising);
}

static upk_status worst_of(const fleet *f) {
  upk_status worst = UPK_OK;
  for (size_t i = 0; i < f->count; i++)
    if (badness(f->members[i].status) > badness(worst))
      worst = f->members[i].status;
  return worst;
}

/* ---- the whole ---- */

static bool parallelism(cli *c, unsigned *ret_count) {
  int64_t count = PARALLELISM;
  if (flag_given(c, FLAG_parallelism) &&
      (!upk_int_parse(flag_text(c, FLAG_parallelism), &count) || count < 1 ||
       count > PARALLELISM_MAX)) {
    upk_diag_add(&c->diags, 4000, UPK_NO_SPAN,
                 "--parallelism is no number from 1 to %d", PARALLELISM_MAX);
    return false;
  }
  *ret_count = (unsigned)count;
  return true;
}

size_t fleet_targets(cli *c, const project *p, upk_str **ret_names) {
  size_t known = upk_json_count(p->targets), count = 0;
  upk_target unused;
  for (size_t i = 0; i < c->argument_count; i++) {
    upk_str name = upk_str_from(c->arguments[i]);
    if (!project_has(p, name)) {
      project_target(c, p, name, &unused); /* says so, and what there is */
      return SIZE_MAX;
    }
  }
  *ret_names = UPK_NEW_ARRAY(c->arena, upk_str, known + 1);
  for (size_t i = 0; i < known; i++) {
    upk_str name = upk_json_text(upk_json_at(p->targets, i), "name");
    bool wanted = !c->argument_count;
    for (size_t j = 0; j < c->argument_count && !wanted; j++)
      wanted = upk_str_is(name, c->arguments[j]);
    if (wanted)
      (*ret_names)[count++] = name;
  }
  return count;
}

static void fleet_free(fleet *f) {
  for (size_t i = 0; i < f->count; i++) {
    upk_arena_free(f->members[i].arena);
    upk_buf_free(&f->members[i].facts);
    upk_buf_free(&f->members[i].result);
  }
  pthread_cond_destroy(&f->changed);
  pthread_mutex_destroy(&f->mutex);
}

upk_status fleet_run(cli *c, const project *p, const fleet_request *asked) {
  fleet f = {.c = c,
             .project = p,
             .asked = asked,
             .compiler = project_compiler(c, p),
             .count = asked->count,
             .live = c->terminal_err && asked->count > 1 &&
                     !flag_given(c, FLAG_quiet)};
  unsigned parallel;
  upk_inspect_request limits;
  if (!f.compiler)
    return UPK_ERROR;
  if (!parallelism(c, &parallel) || !inspection_limits(c, &limits) ||
      !at_is_time(c))
    return UPK_USAGE;
  pthread_mutex_init(&f.mutex, NULL);
  pthread_cond_init(&f.changed, NULL);
  f.members = UPK_NEW_ARRAY(c->arena, member, f.count + 1);
  f.of_inspection = UPK_NEW_ARRAY(c->arena, size_t, f.count + 1);
  f.queue = UPK_NEW_ARRAY(c->arena, size_t, f.count + 1);
  for (size_t i = 0; i < f.count; i++) {
    f.members[i].name = asked->targets[i];
    f.members[i].inspection = limits;
  }
  upk_inspect_request *inspections =
      UPK_NEW_ARRAY(c->arena, upk_inspect_request, f.count + 1);
  inspect_all(&f, inspections, prepare(&f, inspections), parallel);
  for (size_t i = 0; i < f.count; i++)
    tell(&f, i);
  upk_status worst = worst_of(&f);
  fleet_free(&f);
  return worst;
}
