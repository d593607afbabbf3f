/* Whether a session is on the plan's target: its identity and role. */
#include "machine/private.h"

const char identity_help[] =
    "the plan was made for another database, or for an earlier state of this "
    "one: make it again";

static const plan_value *find_value(const machine_rows *rows,
                                    const char *prefix, upk_str name) {
  for (size_t i = 0; rows->count && i < rows->column_count; i++) {
    upk_str column = rows->columns[i];
    if (!upk_str_starts(column, prefix))
      continue;
    size_t len = upk_str_from(prefix).len;
    if (upk_str_equal((upk_str){column.data + len, column.len - len}, name))
      return &rows->values[i];
  }
  return NULL;
}

upk_str identity_text(machine *m, const plan_value *value) {
  if (!value || value->type == PLAN_NULL)
    return UPK_NO_STR;
  if (value->type == PLAN_TEXT)
    return value->text;
  return command_text(m, "%lld", (long long)value->integer);
}

static bool differs(upk_str a, upk_str b) {
  return (a.data == NULL) != (b.data == NULL) ||
         (a.data && !upk_str_equal(a, b));
}

const char *identity_shown(machine *m, upk_str text) {
  return text.data ? upk_arena_copy(m->out, text).data : "unknown";
}

static bool role_differs(machine *m, upk_str here, upk_str wanted,
                         const char *who, upk_str *ret_text) {
  if (!wanted.data || !differs(here, wanted))
    return false;
  *ret_text =
      command_text(m, "the server's role is `%s`, %s `%s`",
                   identity_shown(m, here), who, identity_shown(m, wanted));
  return true;
}

/* What the plan does not know of the target's identity came to be after it was
 * made. Said once the ledger was asked, which may know better: a plan that
 * made the ledger, and with it the identity, is simply used. */
static void note_stranger(machine *m, const machine_rows *rows) {
  static const char prefix[] = "identity.";
  if (m->phase != RUN_OPENING)
    return;
  for (size_t i = 0; i < rows->column_count; i++) {
    upk_str column = rows->columns[i];
    if (!upk_str_starts(column, prefix) || rows->values[i].type == PLAN_NULL)
      continue;
    const char *name =
        upk_arena_copy(m->out, (upk_str){column.data + sizeof prefix - 1,
                                         column.len - (sizeof prefix - 1)})
            .data;
    if (upk_json_get(m->plan->identity, name)->type == UPK_JSON_NULL)
      m->stranger = upk_arena_printf(
          m->arena, "%s is `%s` here and unknown in the plan", name,
          identity_shown(m, identity_text(m, &rows->values[i])));
  }
}

/* The identity query's reply against the plan. NULL: it is the plan's target;
 * else *ret_text says what differs, and the result what to do. */
const char *identity_check(machine *m, const machine_rows *rows,
                           upk_str *ret_text) {
  const plan *p = m->plan;
  upk_str role = identity_text(m, find_value(rows, "", UPK_STR("role")));
  const plan_value *clock = find_value(rows, "", UPK_STR("taken_at"));
  if (!rows->count) {
    *ret_text = UPK_STR("the identity query gave no row");
    return "look at the target's privileges";
  }
  for (size_t i = 0; i < upk_json_count(p->identity); i++) {
    const upk_json_member *member = &p->identity->object.members[i];
    upk_str here = identity_text(m, find_value(rows, "identity.", member->key));
    upk_str planned = member->value->type == UPK_JSON_STRING
                          ? member->value->string
                          : UPK_NO_STR;
    if (!differs(here, planned))
      continue;
    *ret_text =
        command_text(m, "%s is `%s` here and `%s` in the plan",
                     identity_shown(m, member->key), identity_shown(m, here),
                     identity_shown(m, planned));
    return identity_help;
  }
  if (role_differs(m, role, p->role, "and in the plan it is", ret_text))
    return "the role changed since the plan was made: make it again";
  if (role_differs(m, role, m->config.role, "and the project wants", ret_text))
    return "apply to the server that has the role";
  note_stranger(m, rows);
  if (clock && clock->type == PLAN_INT) {
    m->has_server_clock = true;
    m->server_us = clock->integer;
    m->server_mono_us = m->mono_us;
  }
  return NULL;
}
