/* What of a plan tells a run's watcher what to ask. */
#include "plan/private.h"

static const plan_field guard_fields[] = {
    {"cancel", UPK_JSON_STRING, true},
    {"sql", UPK_JSON_STRING, true},
};

static const plan_field metric_fields[] = {
    {"column", UPK_JSON_STRING, false}, {"measure", UPK_JSON_STRING, false},
    {"name", UPK_JSON_STRING, true},    {"needs", UPK_JSON_STRING, false},
    {"params", UPK_JSON_ARRAY, false},  {"sql", UPK_JSON_STRING, false},
    {"type", UPK_JSON_STRING, true},    {"unavailable", UPK_JSON_STRING, false},
};

bool plan_read_guard(plan_reader *rd, const upk_json *value) {
  if (value->type == UPK_JSON_NULL)
    return true;
  if (!PLAN_SHAPE(rd, value, "engine.guard", guard_fields))
    return false;
  rd->plan->guard_sql = upk_json_text(value, "sql");
  rd->plan->guard_cancel_sql = upk_json_text(value, "cancel");
  return true;
}

static bool read_measure(plan_reader *rd, upk_str text,
                         plan_measure *ret_measure) {
  static const char *const names[] = {
      [PLAN_VALUE] = "value", [PLAN_RATE] = "rate", [PLAN_LATENCY] = "latency"};
  if (!text.data)
    return true;
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
    if (upk_str_is(text, names[i])) {
      *ret_measure = (plan_measure)i;
      return true;
    }
  return plan_bad(rd, 3024, "`%.*s` is no value of measure", UPK_FMT(text));
}

static bool read_metric(plan_reader *rd, const upk_json *value,
                        plan_metric *metric) {
  if (!PLAN_SHAPE(rd, value, "a metric", metric_fields))
    return false;
  upk_str type = upk_json_text(value, "type");
  metric->name = upk_json_text(value, "name");
  metric->column = upk_json_text(value, "column");
  if (!metric->column.data)
    metric->column = metric->name;
  metric->needs = upk_json_text(value, "needs");
  metric->query.sql = upk_json_text(value, "sql");
  metric->unavailable = upk_json_text(value, "unavailable");
  if (!upk_type_find(type, &metric->type))
    return plan_bad(rd, 3024, "`%.*s` is no type of a metric", UPK_FMT(type));
  return read_measure(rd, upk_json_text(value, "measure"), &metric->measure) &&
         plan_read_params(rd, upk_json_get(value, "params"), "a metric",
                          &metric->query);
}

bool plan_read_metrics(plan_reader *rd, const upk_json *array) {
  size_t count = upk_json_count(array);
  plan_metric *metrics = UPK_NEW_ARRAY(rd->arena, plan_metric, count + 1);
  for (size_t i = 0; i < count; i++)
    if (!read_metric(rd, upk_json_at(array, i), &metrics[i]))
      return false;
  rd->plan->metrics = metrics;
  rd->plan->metric_count = count;
  return true;
}

static bool read_level(plan_reader *rd, const upk_json *value, const char *key,
                       uint32_t *ret_number) {
  uint64_t number = rd->levels.entries.len;
  upk_diags said;
  if (value->type != UPK_JSON_STRING)
    return plan_bad(rd, 3024, "an item of %s is no text", key);
  upk_diags_init(&said, rd->trees);
  if (!upk_expr_parses(rd->trees, value->string, UPK_NO_SPAN, &said)) {
    upk_str why = said.items.len ? said.items.items[0].message
                                 : UPK_STR("this is no expression");
    return plan_bad(rd, 3027, "`%s`: %.*s", key, UPK_FMT(why));
  }
  if (!upk_map_find(&rd->levels, value->string, &number))
    upk_map_put(&rd->levels, upk_arena_copy(rd->arena, value->string), number);
  *ret_number = (uint32_t)number;
  return true;
}

bool plan_read_levels(plan_reader *rd, const upk_json *step, const char *key,
                      const uint32_t **ret_levels, size_t *ret_count) {
  const upk_json *array = upk_json_get(step, key);
  size_t count = upk_json_count(array);
  uint32_t *levels = UPK_NEW_ARRAY(rd->arena, uint32_t, count + 1);
  for (size_t i = 0; i < count; i++)
    if (!read_level(rd, upk_json_at(array, i), key, &levels[i]))
      return false;
  *ret_levels = levels;
  *ret_count = count;
  return true;
}
