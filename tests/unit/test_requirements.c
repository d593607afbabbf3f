/* The requirements document: tests/lang/requirements/NAME.md, written in
 * different styles, and what is read from each, NAME.txt, with what is said.
 * UPKEEP_REGOLD=1 writes the latter. Then bounds and hostile documents. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cm.h"
#include "front_harness.h"

static harness h;
static upk_buf document;

static void begin(upk_str text) {
  harness_begin(&h);
  h.request.mode = UPK_COMPILE_REQUIREMENTS;
  harness_add(&h, "CLAUDE.md", text);
  harness_add(&h, "upkeep.yaml",
              UPK_STR("version: 1\nrequirements: CLAUDE.md\ntargets:\n"
                      "  shop: { engine: sqlite, connect: shop.db }\n"
                      "  crm: { engine: sqlite, connect: crm.db }\n"));
  assert_true(front_project(&h.ir));
}

static void end(void) {
  harness_end(&h);
  upk_buf_free(&document);
}

/* ---- documents in other words ---- */

static void print_window(const ir_window *w, upk_buf *out) {
  upk_buf_printf(out, "window %.*s: %.*s, %lld min, %.*s\n", UPK_FMT(w->name),
                 UPK_FMT(w->rrule), (long long)(w->duration_us / 60000000),
                 UPK_FMT(w->timezone));
}

static void print_blackout(const ir_required_blackout *b, upk_buf *out) {
  upk_buf_printf(out, "blackout %.*s:", UPK_FMT(b->reason));
  if (b->calendar.data)
    upk_buf_printf(out, " %.*s", UPK_FMT(b->calendar));
  upk_str rest = b->events;
  while (rest.data) {
    upk_str line = upk_str_split(rest, '\n', &rest);
    if (upk_str_starts(line, "DT") && !upk_str_starts(line, "DTSTAMP"))
      upk_buf_printf(out, " %.*s", UPK_FMT(upk_str_trim(line)));
    if (upk_str_starts(line, "RRULE") || upk_str_starts(line, "DURATION"))
      upk_buf_printf(out, " %.*s", UPK_FMT(upk_str_trim(line)));
  }
  upk_buf_printf(out, " %.*s\n", UPK_FMT(b->timezone));
}

static void print_read(upk_buf *out) {
  const ir_requirements *all = &h.ir.requirements;
  for (size_t i = 0; i < all->items.len; i++) {
    const ir_requirement *item = &all->items.items[i];
    upk_buf_printf(out, "%u:%u %s", item->span.line, item->span.column,
                   ir_requirement_rows[item->key].name);
    if (item->target.data)
      upk_buf_printf(out, " of %.*s", UPK_FMT(item->target));
    if (item->name.data)
      upk_buf_printf(out, " (%.*s)", UPK_FMT(item->name));
    upk_buf_char(out, ' ');
    ir_requirement_print(item, out);
    upk_buf_char(out, '\n');
  }
  for (size_t i = 0; i < h.ir.project.windows.len; i++)
    print_window(&h.ir.project.windows.items[i], out);
  for (size_t i = 0; i < all->blackouts.len; i++)
    print_blackout(&all->blackouts.items[i], out);
  upk_diags_render_text(&h.diags, false, out);
}

static bool load(const char *path, upk_buf *out) {
  char bytes[4096];
  size_t len;
  FILE *file = fopen(path, "rb");
  if (!file)
    return false;
  while ((len = fread(bytes, 1, sizeof bytes, file)) > 0)
    upk_buf_add(out, bytes, len);
  fclose(file);
  return true;
}

static void check_document(const char *name) {
  char path[600];
  upk_buf text = {0}, wanted = {0}, found = {0};
  snprintf(path, sizeof path, "%s/tests/lang/requirements/%s",
           UPKEEP_SOURCE_DIR, name);
  assert_true(load(path, &text));
  begin(upk_buf_view(&text));
  print_read(&found);
  snprintf(path, sizeof path, "%s/tests/lang/requirements/%.*s.txt",
           UPKEEP_SOURCE_DIR, (int)strlen(name) - 3, name);
  if (getenv("UPKEEP_REGOLD")) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fwrite(found.data, 1, found.len, file);
    fclose(file);
  }
  load(path, &wanted);
  if (!upk_str_equal(upk_buf_view(&found), upk_buf_view(&wanted)))
    fail_msg("%s now reads:\n%s", name, found.data);
  upk_buf_free(&text);
  upk_buf_free(&wanted);
  upk_buf_free(&found);
  end();
}

static void documents_are_read_as_written(void **state) {
  (void)state;
  size_t count = 0;
  DIR *dir = opendir(UPKEEP_SOURCE_DIR "/tests/lang/requirements");
  assert_non_null(dir);
  for (const struct dirent *e; (e = readdir(dir)) != NULL;)
    if (upk_str_ends(upk_str_from(e->d_name), ".md")) {
      check_document(e->d_name);
      count++;
    }
  closedir(dir);
  assert_true(count >= 8);
}

/* ---- bounds ---- */

static void repeat(const char *text, size_t times) {
  for (size_t i = 0; i < times; i++)
    upk_buf_str(&document, upk_str_from(text));
}

static void section(void) {
  upk_buf_clear(&document);
  upk_buf_str(&document, UPK_STR("# Database maintenance\n\n"));
}

static size_t codes(int code) {
  size_t count = 0;
  for (size_t i = 0; i < h.diags.items.len; i++)
    count += h.diags.items.items[i].code == code;
  return count;
}

static void too_large_is_refused(void **state) {
  (void)state;
  section();
  repeat("five megabytes. ", 5 * 1024 * 64);
  begin(upk_buf_view(&document));
  assert_int_equal(codes(1601), 1);
  end();
}

static void too_many_are_refused(void **state) {
  (void)state;
  section();
  for (int i = 0; i < 10001; i++)
    upk_buf_printf(&document, "- contact: a%d\n", i);
  begin(upk_buf_view(&document));
  assert_int_equal(codes(1606), 1);
  end();
}

static void nul_and_bad_utf8_are_refused(void **state) {
  (void)state;
  begin((upk_str){"# Database maintenance\n\n- rpo: 5\0min\n", 37});
  assert_int_equal(codes(1602), 1);
  end();
  begin(UPK_STR("# Database maintenance\n\n- rpo: \xff 5min\n"));
  assert_int_equal(codes(1602), 1);
  end();
}

/* Each within 5 s even under sanitizers: none may be worse than linear. */
static void hostile_documents_take_no_long(void **state) {
  static const struct {
    const char *once, *text;
    size_t times;
  } rows[] = {
      {"", "`", 100000},
      {"", "[", 100000},
      {"", "*a **b ", 50000},
      {"", "![a](", 50000},
      {"", "<a ", 100000},
      {"", "<!-- ", 50000},
      {"", "- ", 60},
      {"", ">", 60},
      {"- - - - - - - -\n", "\n", 200000},
      {"", "| a | b |\n|---|\n\n", 10000},
      {"", "a: b: ", 50000},
      {"", "_a", 100000},
      {"", "- a\n", 50000},
      {"", "&nbsp;", 50000},
      {"", "~~a", 50000},
      {"", "1 and ", 50000},
      {"", "# a\n", 50000},
      {"", "```upkeep\nrpo: 5min\n```\n", 20000},
      {"- Protected: ", "a, ", 9000},
      {"- maintenance window: ", "Sunday 1am to 2am and ", 9000},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    section();
    upk_buf_str(&document, upk_str_from(rows[i].once));
    repeat(rows[i].text, rows[i].times);
    clock_t start = clock();
    begin(upk_buf_view(&document));
    double s = (double)(clock() - start) / CLOCKS_PER_SEC;
    if (s > 5)
      fail_msg("%zu times `%s` take %.1f s", rows[i].times, rows[i].text, s);
    if (getenv("UPKEEP_TIMES"))
      print_message("%-28s %.2f s\n", rows[i].text, s);
    end();
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(documents_are_read_as_written),
      cmocka_unit_test(too_large_is_refused),
      cmocka_unit_test(too_many_are_refused),
      cmocka_unit_test(nul_and_bad_utf8_are_refused),
      cmocka_unit_test(hostile_documents_take_no_long),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
