/* Plans for tests of the runtime: from a few words a step to a whole plan
 * file with right digests. */
#ifndef TESTS_UNIT_RUN_PLAN_H
#define TESTS_UNIT_RUN_PLAN_H

#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "json.h"

/* Of the plan; a test may have its own. */
#ifndef RUN_ENGINE
#define RUN_ENGINE "fake"
#define RUN_IDENTITY "identity"
#define RUN_SESSION "set"
#endif

/* JSON texts; NULL: a plain default. */
typedef struct run_step {
  const char *id, *atomicity, *on_failure, *policy;
  const char *pre, *run, *post, *undo, *probe, *conflicts;
  const char *settings, *throttle;
  int retries, wait_ms;
} run_step;

static const char *run_or(const char *text, const char *otherwise) {
  return text ? text : otherwise;
}

/* The step with `intent`; canonical. */
static upk_str run_step_text(upk_arena *arena, const run_step *s,
                             const char *intent) {
  upk_buf b = {0};
  upk_buf_printf(&b, "{\"action\":\"act\",\"atomicity\":\"%s\"",
                 run_or(s->atomicity, "transaction"));
  upk_buf_printf(&b, ",\"because\":\"it is so\"");
  if (s->conflicts)
    upk_buf_printf(&b, ",\"conflicts\":%s", s->conflicts);
  upk_buf_printf(&b, ",\"id\":\"%s\",\"intent\":\"%s\"", s->id, intent);
  upk_buf_printf(&b,
                 ",\"locks\":[],\"object\":{\"kind\":\"table\",\"name\":"
                 "[\"t\"]},\"on_failure\":\"%s\",\"parameters\":{}",
                 run_or(s->on_failure, "continue"));
  if (s->policy)
    upk_buf_printf(&b, ",\"policy\":\"%s\"", s->policy);
  upk_buf_printf(
      &b, ",\"post\":%s,\"pre\":%s,\"priority\":50",
      run_or(s->post, "[{\"expect\":\"x = 1\",\"name\":\"after\",\"sql\":"
                      "\"post\"}]"),
      run_or(s->pre, "[{\"expect\":\"x = 1\",\"name\":\"still\",\"otherwise\":"
                     "\"skip\",\"sql\":\"pre\"}]"));
  if (s->probe)
    upk_buf_printf(&b, ",\"probe\":%s", s->probe);
  upk_buf_printf(&b, ",\"retries\":%d,\"risk\":\"low\",\"run\":%s", s->retries,
                 run_or(s->run, "[{\"sql\":\"run\"}]"));
  if (s->settings)
    upk_buf_printf(&b, ",\"settings\":%s", s->settings);
  if (s->throttle)
    upk_buf_printf(&b, ",\"throttle\":%s", s->throttle);
  upk_buf_printf(&b,
                 ",\"timeouts\":{\"lock_ms\":1000,\"max_ms\":0,"
                 "\"statement_ms\":0,\"wait_ms\":%d},\"undo\":%s}",
                 s->wait_ms,
                 run_or(s->undo, "{\"class\":\"none\",\"steps\":[],\"why\":"
                                 "\"there is no way back\"}"));
  upk_str text = upk_arena_copy(arena, upk_buf_view(&b));
  upk_buf_free(&b);
  return text;
}

static upk_digest run_step_intent(const run_step *s) {
  upk_buf b = {0};
  upk_buf_printf(
      &b,
      "{\"action\":\"act\",\"object\":{\"kind\":\"table\",\"name\":[\"t\"]"
      "},\"parameters\":{},\"risk\":\"low\",\"run\":%s%s%s,\"undo\":%s}",
      run_or(s->run, "[{\"sql\":\"run\"}]"),
      s->settings ? ",\"settings\":" : "", run_or(s->settings, ""),
      run_or(s->undo, "{\"class\":\"none\",\"steps\":[],\"why\":\"there is no "
                      "way back\"}"));
  upk_digest digest = upk_digest_of(upk_buf_view(&b));
  upk_buf_free(&b);
  return digest;
}

static int run_compare(const void *a, const void *b) {
  return strcmp(((const upk_digest *)a)->text, ((const upk_digest *)b)->text);
}

#define RUN_LEDGER                                                             \
  "\"ledger\":{\"applied\":{\"params\":[{\"from\":\"step.run\"}],\"sql\":"     \
  "\"applied\"},\"insert\":{\"params\":[{\"from\":\"step.id\"},{\"from\":"     \
  "\"step.outcome\"}],\"sql\":\"insert\"},\"present\":{\"sql\":\"present\"},"  \
  "\"runs\":{\"params\":[{\"from\":\"step.plan\"}],\"sql\":\"runs\"}},"

/* A plan file; `edges` is JSON, `ledger` RUN_LEDGER or "". */
static upk_str run_plan_text(upk_arena *arena, const run_step *steps,
                             size_t count, const char *edges,
                             const char *ledger) {
  upk_buf body = {0}, file = {0}, intents = {0};
  upk_digest *digests = UPK_NEW_ARRAY(arena, upk_digest, count + 1);
  upk_buf_printf(&body,
                 "{\"edges\":%s,\"engine\":{\"identity\":{\"sql\":"
                 "\"" RUN_IDENTITY "\"},%s\"name\":\"" RUN_ENGINE
                 "\",\"session\":[\"" RUN_SESSION
                 "\"]},\"inputs\":{},\"queries\":{\"q1\":\"first\""
                 ",\"q2\":\"second\"},\"steps\":[",
                 edges, ledger);
  for (size_t i = 0; i < count; i++) {
    upk_digest intent = run_step_intent(&steps[i]);
    upk_buf_str(&body, i ? UPK_STR(",") : UPK_STR(""));
    upk_buf_str(&body, run_step_text(arena, &steps[i], intent.text));
    digests[i] = intent;
  }
  upk_buf_printf(&body,
                 "],\"target\":{\"engine\":\"" RUN_ENGINE "\",\"identity\":{"
                 "\"database\":\"shop\",\"system\":\"7\"},\"labels\":{},"
                 "\"name\":\"shop\",\"role\":\"primary\",\"version\":"
                 "\"1\"}}");
  qsort(digests, count, sizeof *digests, run_compare);
  upk_buf_char(&intents, '[');
  for (size_t i = 0; i < count; i++)
    upk_buf_printf(&intents, "%s\"%s\"", i ? "," : "", digests[i].text);
  upk_buf_char(&intents, ']');
  upk_digest digest = upk_digest_of(upk_buf_view(&body));
  upk_digest intent = upk_digest_of(upk_buf_view(&intents));
  upk_buf_printf(&file,
                 "{\"body\":%s,\"digest\":\"%s\",\"format\":"
                 "\"upkeep.plan/1\",\"intent\":\"%s\",\"provenance\":{}}"
                 "\n",
                 body.data, digest.text, intent.text);
  upk_str text = upk_arena_copy(arena, upk_buf_view(&file));
  upk_buf_free(&body);
  upk_buf_free(&file);
  upk_buf_free(&intents);
  return text;
}

#endif
