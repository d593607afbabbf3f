/* What rules ask of the facts. */
#include "ir/scope.h"
#include "lint/lint.h"

static const upk_facts_kind *rows_of(const lint *l, const char *kind) {
  return upk_facts_kind_find(&l->ir->facts, upk_str_from(kind));
}

static bool read_fact(const upk_facts_kind *facts, size_t row,
                      const char *attribute, int64_t *ret_value) {
  const upk_facts_column *column =
      facts ? upk_facts_column_find(facts, upk_str_from(attribute)) : NULL;
  if (!column || row >= facts->rows || !column->values.integers ||
      ir_cell_null(&column->values, row))
    return false;
  *ret_value = ir_cell_integer(&column->values, row);
  return true;
}

bool lint_fact(const lint *l, const ir_object *object, const char *attribute,
               int64_t *ret_value) {
  return read_fact(upk_facts_kind_find(&l->ir->facts, object->kind->name),
                   object->row, attribute, ret_value);
}

bool lint_table_fact(const lint *l, const ir_object *object,
                     const char *attribute, int64_t *ret_value) {
  ir_object table = *object;
  ir_kind *kind = ir_kind_find(l->ir->engine, UPK_STR("table"));
  if (kind && kind != object->kind &&
      !relate_parent_object(l->ir, object, kind, &table))
    table = *object;
  return lint_fact(l, &table, attribute, ret_value);
}

upk_str lint_text_fact(const lint *l, const ir_object *object,
                       const char *attribute) {
  const upk_facts_kind *facts =
      upk_facts_kind_find(&l->ir->facts, object->kind->name);
  const upk_facts_column *column =
      facts ? upk_facts_column_find(facts, upk_str_from(attribute)) : NULL;
  if (!column || object->row >= facts->rows || !column->values.texts ||
      ir_cell_null(&column->values, object->row))
    return UPK_NO_STR;
  return column->values.texts[column->values.constant ? 0 : object->row];
}

bool lint_instance_fact(const lint *l, const char *attribute,
                        int64_t *ret_value) {
  const upk_facts_kind *facts = rows_of(l, "instance");
  return facts && facts->rows && read_fact(facts, 0, attribute, ret_value);
}

bool lint_has_replicas(const lint *l) {
  const upk_facts_kind *replicas = rows_of(l, "replica");
  return l->ir->target->replicas.len || (replicas && replicas->rows);
}

/* The least free disk: which of several a database's files lie on is not in
 * the facts. */
bool lint_free_bytes(const lint *l, int64_t *ret_bytes) {
  const upk_facts_kind *disks = rows_of(l, "disk");
  bool known = false;
  for (size_t row = 0; disks && row < disks->rows; row++) {
    int64_t bytes = 0;
    if (!read_fact(disks, row, "free_size", &bytes))
      continue;
    *ret_bytes = known && *ret_bytes < bytes ? *ret_bytes : bytes;
    known = true;
  }
  return known;
}
