/* The loader of engines, kinds, collectors and actions; Lua policies; explain;
 * the files that are embedded. */
#include "cm.h"
#include "digest.h"
#include "script_harness.h"

static void definitions_become_structs(void **state) {
  script_harness h;
  (void)state;
  script_begin(&h);
  assert_true(script_load(&h));
  assert_int_equal(h.diags.items.len, 0);
  const ir_engine *engine = ir_engine_find(&h.ir, UPK_STR("sqlite"));
  assert_non_null(engine);
  assert_int_equal(engine->dialect, UPK_SQLITE);
  assert_int_equal(engine->capability_count, 1);
  const ir_kind *table = ir_kind_find(engine, UPK_STR("table"));
  assert_non_null(table);
  assert_false(table->single);
  assert_int_equal(table->parent_count, 1);
  const ir_attribute *size = ir_attribute_find(table, UPK_STR("size"));
  assert_int_equal(size->type, UPK_TYPE_BYTES);
  const ir_collector *c = size->collector;
  assert_int_equal(c->columns.len, 3);
  assert_text(c->columns.items[2], "size.reason");
  assert_int_equal(c->column_types[2], UPK_TYPE_TEXT);
  assert_text(c->filter_keys.items[0], "name");
  const ir_action *action = ir_action_find(engine, UPK_STR("create_ledger"));
  assert_int_equal(node_find(action->definition, "plan")->type, NODE_FUNCTION);
  assert_int_equal(h.ir.stdlib_sha256.len, UPK_DIGEST_TEXT);
  script_end(&h);
}

static void digests_are_of_the_stdlib_alone(void **state) {
  script_harness a, b, c;
  (void)state;
  script_begin(&a);
  script_begin(&b);
  script_begin(&c);
  script_put(&b, "facts/x.lua",
             UPK_STR("return collector { name = 'x', engine = 'sqlite',"
                     " kind = 'table', cost = 'cheap', attributes = {"
                     " { 'name', 'text', 'n' }, { 'x', 'int', 'x' } },"
                     " variants = { { sql = 'select 1' } } }"));
  script_put(&c, "@stdlib/sqlite/note.sql", UPK_STR("select 1"));
  assert_true(script_load(&a) && script_load(&b) && script_load(&c));
  assert_true(upk_str_equal(a.ir.stdlib_sha256, b.ir.stdlib_sha256));
  assert_false(upk_str_equal(a.ir.stdlib_sha256, c.ir.stdlib_sha256));
  script_end(&a);
  script_end(&b);
  script_end(&c);
}

/* Files of other names must not take the making of rows from a kind's own. */
static void the_first_collector_of_the_kinds_file_makes_rows(void **state) {
  script_harness h;
  (void)state;
  script_begin(&h);
  script_put(&h, "@stdlib/sqlite/facts/aaa.lua",
             UPK_STR("return collector { name = 'aaa', kind = 'table',"
                     " cost = 'measured', attributes = {"
                     " { 'name', 'text', 'n' }, { 'x', 'int', 'x' } },"
                     " variants = { { sql = 'select 1' } } }"));
  assert_true(script_load(&h));
  const ir_kind *table = ir_kind_find(h.ir.engines.items[0], UPK_STR("table"));
  assert_int_equal(table->collectors.len, 2);
  assert_text(table->collectors.items[0]->name, "table");
  assert_true(table->collectors.items[1]->measured);
  script_end(&h);
}

static void lua_policies_are_policies(void **state) {
  script_harness h;
  (void)state;
  script_begin(&h);
  script_put(&h, "policies/a.lua",
             UPK_STR("local u = require 'upkeep'\n"
                     "local common = require 'lib/common'\n"
                     "for _, tier in ipairs { 'gold', 'silver' } do\n"
                     "  policy('lean-' .. tier, {\n"
                     "    targets = { tier = tier }, ['for'] = 'table',\n"
                     "    ensure = 'size <= ' .. common.limit,\n"
                     "    by = u.create_ledger {},\n"
                     "  })\n"
                     "end\n"
                     "policy { name = 'plain', ['for'] = 'table',\n"
                     "  where = function(o) return o.size end,\n"
                     "  ensure = 'size < 1GiB' }\n"));
  script_put(&h, "lib/common.lua", UPK_STR("return { limit = '1GiB' }"));
  script_load(&h);
  assert_int_equal(h.diags.items.len, 0);
  assert_int_equal(h.ir.policies.len, 3);
  const ir_policy *p = &h.ir.policies.items[0];
  assert_text(p->name, "lean-gold");
  assert_text(p->ensure.source.text, "size <= 1GiB");
  assert_text(p->by.items[0].action.text, "create_ledger");
  assert_int_equal(p->span.line, 4);
  assert_non_null(h.ir.policies.items[2].where.function);
  /* The text of an expression has its own place. */
  assert_int_equal(h.ir.policies.items[2].ensure.source.text_span.line, 12);
  assert_int_equal(h.ir.policies.items[2].ensure.source.text_span.column, 13);
  assert_int_equal(h.ir.files.len, 1); /* the module; front adds the file */
  script_end(&h);
}

static void builders_check_their_argument(void **state) {
  script_harness h;
  (void)state;
  script_begin(&h);
  script_put(&h, "policies/a.lua",
             UPK_STR("local u = require 'upkeep'\n"
                     "policy('x', { by = u.create_ledger('y') })\n"));
  script_load(&h);
  assert_int_equal(script_codes(&h, 1301), 1);
  assert_int_equal(h.diags.items.items[0].labels.items[0].span.line, 2);
  script_end(&h);
}

static void misspelt_builders_are_corrected(void **state) {
  script_harness h;
  (void)state;
  script_begin(&h);
  script_put(&h, "policies/a.lua",
             UPK_STR("local u = require 'upkeep'\n"
                     "policy('x', { by = u.create_leger {} })\n"));
  script_load(&h);
  assert_int_equal(script_codes(&h, 1301), 1);
  assert_text(h.diags.items.items[0].help, "did you mean `create_ledger`?");
  script_end(&h);
}

static bool explains(script_harness *h, const char *word, const char *part) {
  upk_buf out = {0};
  bool good = explain_write(&h->ir, upk_str_from(word), upk_sink_buf(&out));
  if (good && (!out.data || !strstr(out.data, part)))
    fail_msg("%s: %s", word, out.data);
  upk_buf_free(&out);
  return good;
}

static void words_are_explained(void **state) {
  script_harness h;
  (void)state;
  script_begin(&h);
  assert_true(script_load(&h));
  assert_true(explains(&h, "", "create_ledger"));
  assert_true(explains(&h, "create_ledger", "none: kept"));
  assert_true(explains(&h, "table", "its size"));
  assert_true(explains(&h, "table.size", "bytes: bytes; written"));
  assert_true(explains(&h, "sqlite", "create_ledger"));
  assert_true(explains(&h, "UPK1302", "lua-budget"));
  assert_true(explains(&h, "lua-budget", "UPK1302"));
  assert_true(explains(&h, "1302", "UPK1302"));
  assert_true(explains(&h, "bind", "pass"));
  assert_true(explains(&h, "actions-markdown", "### create_ledger (database)"));
  assert_false(explains(&h, "create_leger", ""));
  assert_false(explains(&h, "UPK", ""));
  assert_false(explains(&h, "table.", ""));
  script_end(&h);
}

static void requests_hold_every_collector(void **state) {
  script_harness h;
  upk_buf out = {0};
  (void)state;
  script_begin(&h);
  h.request.all_attributes = true;
  assert_true(script_load(&h));
  h.ir.engine = h.ir.engines.items[0];
  assert_true(inspect_request_write(&h.ir, upk_sink_buf(&out)));
  upk_json_error error;
  const upk_json *tree = upk_json_parse(h.arena, upk_buf_view(&out), &error);
  assert_non_null(tree);
  assert_text(upk_json_text(tree, "format"), "upkeep.inspect/1");
  const upk_json *collectors = upk_json_get(tree, "collectors");
  assert_int_equal(upk_json_count(collectors), 2);
  const upk_json *table = upk_json_at(collectors, 1);
  assert_text(upk_json_text(table, "kind"), "table");
  assert_int_equal(upk_json_count(upk_json_get(table, "columns")), 3);
  upk_buf_free(&out);
  script_end(&h);
}

static void arguments_go_into_queries(void **state) {
  script_harness h;
  (void)state;
  script_begin(&h);
  assert_true(script_load(&h));
  const ir_variant v = {
      .sql = UPK_STR("select min({argument}), {argument.text} {filter}")};
  assert_text(
      stdlib_variant_sql(&h.ir, h.ir.engines.items[0], &v, UPK_STR("a\"b'c")),
      "select min(\"a\"\"b'c\"), 'a\"b''c' {filter}");
  assert_text(stdlib_variant_sql(&h.ir, h.ir.engines.items[0], &v, UPK_NO_STR),
              "select min({argument}), {argument.text} {filter}");
  assert_null(
      stdlib_variant_sql(&h.ir, h.ir.engines.items[0], &v, UPK_STR("")).data);
  script_end(&h);
}

/* The stdlib as it is shipped: without a single complaint. */
static void the_shipped_stdlib_loads(void **state) {
  script_harness h;
  upk_buf text = {0};
  (void)state;
  script_begin(&h);
  h.request.stdlib_from_source = false;
  bool good = script_load(&h);
  upk_diags_render_text(&h.diags, false, &text);
  if (!good || h.diags.items.len)
    fail_msg("%s", text.data);
  assert_true(h.ir.engines.len >= 2);
  upk_buf_free(&text);
  script_end(&h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(definitions_become_structs),
      cmocka_unit_test(digests_are_of_the_stdlib_alone),
      cmocka_unit_test(the_first_collector_of_the_kinds_file_makes_rows),
      cmocka_unit_test(lua_policies_are_policies),
      cmocka_unit_test(builders_check_their_argument),
      cmocka_unit_test(misspelt_builders_are_corrected),
      cmocka_unit_test(words_are_explained),
      cmocka_unit_test(requests_hold_every_collector),
      cmocka_unit_test(arguments_go_into_queries),
      cmocka_unit_test(the_shipped_stdlib_loads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
