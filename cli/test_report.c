/* What `upkeep test` found, as text, JSON, JUnit and TAP. */
#include "test_report.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "quote.h"

static bool is_passed(const test_result *r) {
  return upk_str_is(r->result, "passed");
}

static bool is_error(const test_result *r) {
  return upk_str_is(r->result, "error");
}

static upk_str first_message(const test_result *r) {
  upk_str message = upk_json_text(upk_json_at(r->failures, 0), "message");
  return message.data ? message : r->result;
}

/* ---- text ---- */

void report_text(const test_report *report, upk_buf *out) {
  bool verbose = flag_given(report->c, FLAG_verbose);
  bool color = report->c->color_out;
  for (size_t i = 0; i < report->results.len; i++) {
    const test_result *r = &report->results.items[i];
    if (is_passed(r) && !verbose)
      continue;
    upk_buf_printf(out, "%s%s%s  %.*s:%" PRId64 "  ",
                   !color         ? ""
                   : is_passed(r) ? "\033[32m"
                                  : "\033[31m",
                   is_passed(r)  ? "ok  "
                   : is_error(r) ? "ERR "
                                 : "FAIL",
                   color ? "\033[0m" : "", UPK_FMT(r->file), r->line);
    upk_display_text(r->name, out);
    upk_buf_char(out, '\n');
    upk_buf_str(out, r->text);
    if (r->text.len)
      upk_buf_char(out, '\n');
  }
  if (report->coverage)
    coverage_text(report, out);
  upk_buf_printf(out, "%zu test%s: %zu passed, %zu failed, %zu in error\n",
                 report->results.len, report->results.len == 1 ? "" : "s",
                 report->passed, report->failed, report->errors);
}

/* ---- JSON ---- */

static void json_result(upk_json_writer *w, const test_result *r) {
  upk_json_begin_object(w);
  upk_json_put_int(w, "column", r->column);
  upk_json_key(w, "failures");
  upk_json_write(w, r->failures);
  upk_json_put_string(w, "file", r->file);
  upk_json_put_int(w, "line", r->line);
  upk_json_put_string(w, "name", r->name);
  upk_json_put_string(w, "result", r->result);
  upk_json_end_object(w);
}

void report_json(const test_report *report, upk_buf *out) {
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(out));
  upk_json_begin_object(w);
  if (report->coverage) {
    upk_json_key(w, "coverage");
    coverage_json(report, w);
  }
  upk_json_put_string(w, "format", UPK_STR("upkeep.test-report/1"));
  upk_json_key(w, "tests");
  upk_json_begin_array(w);
  for (size_t i = 0; i < report->results.len; i++)
    json_result(w, &report->results.items[i]);
  upk_json_end_array(w);
  upk_json_key(w, "totals");
  upk_json_begin_object(w);
  upk_json_put_int(w, "errors", (int64_t)report->errors);
  upk_json_put_int(w, "failed", (int64_t)report->failed);
  upk_json_put_int(w, "passed", (int64_t)report->passed);
  upk_json_end_object(w);
  upk_json_end_object(w);
  upk_json_newline(w);
  upk_json_writer_close(w);
}

/* ---- JUnit ---- */

/* XML 1.0 has no way to write most control characters, nor U+FFFE and U+FFFF:
 * upk_display_text shows what cannot be seen as \xHH. Line breaks are kept. */
static void add_xml(upk_buf *out, upk_str text) {
  upk_buf shown = {0};
  while (text.data) {
    bool more = text.len && memchr(text.data, '\n', text.len);
    upk_str line = upk_str_split(text, '\n', &text);
    upk_display_text(line, &shown);
    if (more)
      upk_buf_char(&shown, '\n');
  }
  for (size_t i = 0; i < shown.len; i++) {
    switch (shown.data[i]) {
    case '&':
      upk_buf_str(out, UPK_STR("&amp;"));
      break;
    case '<':
      upk_buf_str(out, UPK_STR("&lt;"));
      break;
    case '>':
      upk_buf_str(out, UPK_STR("&gt;"));
      break;
    case '"':
      upk_buf_str(out, UPK_STR("&quot;"));
      break;
    case '\n':
      upk_buf_str(out, UPK_STR("&#10;"));
      break;
    case '\xef': /* U+FFFE, U+FFFF */
      if (i + 2 < shown.len && shown.data[i + 1] == '\xbf' &&
          (unsigned char)shown.data[i + 2] >= 0xbe) {
        upk_buf_str(out, UPK_STR("?"));
        i += 2;
        break;
      } /* fall through */
    default:
      upk_buf_char(out, shown.data[i]);
    }
  }
  upk_buf_free(&shown);
}

static void add_attribute(upk_buf *out, const char *name, upk_str value) {
  upk_buf_printf(out, " %s=\"", name);
  add_xml(out, value);
  upk_buf_char(out, '"');
}

static void add_seconds(upk_buf *out, int64_t us) {
  upk_buf_printf(out, " time=\"%" PRId64 ".%03" PRId64 "\"", us / 1000000,
                 us / 1000 % 1000);
}

static void junit_case(upk_buf *out, const test_result *r) {
  upk_buf_str(out, UPK_STR("    <testcase"));
  add_attribute(out, "name", r->name);
  add_attribute(out, "classname", r->file);
  add_seconds(out, r->took_us);
  if (is_passed(r)) {
    upk_buf_str(out, UPK_STR("/>\n"));
    return;
  }
  const char *element = is_error(r) ? "error" : "failure";
  upk_buf_printf(out, ">\n      <%s", element);
  add_attribute(out, "message", first_message(r));
  int64_t code = upk_json_number(upk_json_at(r->failures, 0), "code", 0);
  upk_buf_printf(out, " type=\"UPK%04" PRId64 "\">", code);
  add_xml(out, r->text);
  upk_buf_printf(out, "</%s>\n    </testcase>\n", element);
}

static void add_timestamp(upk_buf *out, int64_t us) {
  char text[32];
  time_t seconds = (time_t)(us / 1000000);
  struct tm utc;
  gmtime_r(&seconds, &utc);
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  upk_buf_printf(out, " timestamp=\"%s\"", text);
}

/* One file of tests: results from `first` on; gives the next. No machine is
 * named: reports are kept and compared. */
static size_t junit_suite(const test_report *report, size_t first, size_t id,
                          upk_buf *out) {
  size_t end = first, failed = 0, errors = 0;
  int64_t took_us = 0;
  upk_str file = report->results.items[first].file;
  for (; end < report->results.len; end++) {
    const test_result *r = &report->results.items[end];
    if (!upk_str_equal(r->file, file))
      break;
    errors += is_error(r);
    failed += !is_passed(r) && !is_error(r);
    took_us += r->took_us;
  }
  upk_buf_str(out, UPK_STR("  <testsuite"));
  add_attribute(out, "name", file);
  upk_buf_printf(out,
                 " package=\"upkeep\" id=\"%zu\" hostname=\"localhost\" "
                 "tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"",
                 id, end - first, failed, errors);
  add_timestamp(out, report->began_us);
  add_seconds(out, took_us);
  upk_buf_str(out, UPK_STR(">\n    <properties/>\n"));
  for (size_t i = first; i < end; i++)
    junit_case(out, &report->results.items[i]);
  upk_buf_str(out, UPK_STR("    <system-out/>\n    <system-err/>\n"
                           "  </testsuite>\n"));
  return end;
}

void report_junit(const test_report *report, upk_buf *out) {
  size_t id = 0;
  upk_buf_str(out, UPK_STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                           "<testsuites>\n"));
  for (size_t i = 0; i < report->results.len; id++)
    i = junit_suite(report, i, id, out);
  upk_buf_str(out, UPK_STR("</testsuites>\n"));
}

/* ---- TAP 14 ---- */

/* In a description # and \ are escaped, and there is no line break. */
static void add_description(upk_buf *out, upk_str text) {
  upk_buf shown = {0};
  upk_display_text(text, &shown);
  for (size_t i = 0; i < shown.len; i++) {
    if (shown.data[i] == '#' || shown.data[i] == '\\')
      upk_buf_char(out, '\\');
    upk_buf_char(out, shown.data[i]);
  }
  upk_buf_free(&shown);
}

static void tap_failure(const test_result *r, upk_buf *out) {
  upk_str text = r->text;
  upk_buf_printf(out,
                 "  ---\n  at: \"%.*s:%" PRId64 ":%" PRId64 "\"\n"
                 "  severity: %s\n  text: |\n",
                 UPK_FMT(r->file), r->line, r->column,
                 is_error(r) ? "error" : "fail");
  while (text.data && text.len) {
    upk_str line = upk_str_split(text, '\n', &text);
    upk_buf_printf(out, "    %.*s\n", UPK_FMT(line));
  }
  upk_buf_str(out, UPK_STR("  ...\n"));
}

void report_tap(const test_report *report, upk_buf *out) {
  upk_buf_printf(out, "TAP version 14\n1..%zu\n", report->results.len);
  for (size_t i = 0; i < report->results.len; i++) {
    const test_result *r = &report->results.items[i];
    upk_buf_printf(out, "%sok %zu - ", is_passed(r) ? "" : "not ", i + 1);
    add_description(out, r->file);
    upk_buf_str(out, UPK_STR(": "));
    add_description(out, r->name);
    upk_buf_char(out, '\n');
    if (!is_passed(r))
      tap_failure(r, out);
  }
}
