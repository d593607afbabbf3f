/* Diagnostics as SARIF 2.1.0 (OASIS Standard, 27 March 2020), for code
 * scanning. What GitHub asks beyond the standard: each result has a place, and
 * its URI is relative to the root of the repository. */
#include <string.h>

#include "digest.h"
#include "json.h"
#include <upkeep/diag.h>

typedef struct sarif {
  upk_json_writer *w;
  const upk_diags *diags;
  upk_sarif_places places;
} sarif;

static const char *const levels[] = {"note", "warning", "error"};

static void put_code(upk_json_writer *w, const char *key, int code) {
  upk_buf text = {0};
  upk_buf_printf(&text, "UPK%04d", code);
  upk_json_put_string(w, key, upk_buf_view(&text));
  upk_buf_free(&text);
}

/* {"text": ..} under a key */
static void put_text(upk_json_writer *w, const char *key, upk_str text) {
  upk_json_key(w, key);
  upk_json_begin_object(w);
  upk_json_put_string(w, "text", text);
  upk_json_end_object(w);
}

/* ---- places ---- */

/* RFC 3986, 3.3: what may stand in a path's segment as it is. */
static void add_uri(upk_buf *out, upk_str path) {
  for (size_t i = 0; i < path.len; i++) {
    unsigned char c = (unsigned char)path.data[i];
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                 (c >= '0' && c <= '9') ||
                 (c && strchr("-._~/!$&'()*+,;=@", c));
    if (plain)
      upk_buf_char(out, (char)c);
    else
      upk_buf_printf(out, "%%%02X", c);
  }
}

static void write_artifact(const sarif *s, upk_str path) {
  upk_buf uri = {0};
  bool own = path.len && path.data[0] != '/';
  if (own)
    add_uri(&uri, s->places.prefix);
  add_uri(&uri, path);
  upk_json_key(s->w, "artifactLocation");
  upk_json_begin_object(s->w);
  upk_json_put_string(s->w, "uri", upk_buf_view(&uri));
  if (own)
    upk_json_put_string(s->w, "uriBaseId", UPK_STR("%SRCROOT%"));
  upk_json_end_object(s->w);
  upk_buf_free(&uri);
}

static upk_str line_of(upk_str text, uint32_t number) {
  upk_str rest = text;
  for (uint32_t i = 1; rest.data; i++) {
    upk_str line = upk_str_split(rest, '\n', &rest);
    if (i == number)
      return line;
  }
  return UPK_NO_STR;
}

/* Our columns are bytes from 1; SARIF's are UTF-16 code units from 1. */
static int64_t utf16_column(upk_str line, uint32_t column) {
  int64_t units = 1;
  for (size_t i = 0; i + 1 < column && i < line.len; i++) {
    unsigned char c = (unsigned char)line.data[i];
    units += (c & 0xc0) != 0x80;
    units += c >= 0xf0; /* a surrogate pair */
  }
  size_t beyond = column > line.len + 1 ? column - line.len - 1 : 0;
  return units + (int64_t)(line.data ? 0 : beyond);
}

static void write_region(const sarif *s, const upk_span *span) {
  upk_str text = s->diags->sources.items[span->source].text;
  upk_str first = line_of(text, span->line);
  bool ends = span->end_line >= span->line && span->end_column > 0;
  upk_str last = ends ? line_of(text, span->end_line) : UPK_NO_STR;
  int64_t start = utf16_column(first, span->column ? span->column : 1);
  int64_t end = ends ? utf16_column(last, span->end_column) : 0;
  if (ends && span->end_line == span->line && end < start)
    end = start;
  upk_json_key(s->w, "region");
  upk_json_begin_object(s->w);
  if (ends) {
    upk_json_put_int(s->w, "endColumn", end);
    upk_json_put_int(s->w, "endLine", span->end_line);
  }
  upk_json_put_int(s->w, "startColumn", start);
  upk_json_put_int(s->w, "startLine", span->line);
  upk_json_end_object(s->w);
}

static bool is_embedded(upk_str path) {
  return upk_str_starts(path, "std/") || upk_str_starts(path, "stdlib/");
}

/* A place in the program's own library is none in the repository. */
static bool in_repository(const sarif *s, const upk_label *label) {
  upk_str path = s->diags->sources.items[label->span.source].path;
  return label->span.line && path.len && !is_embedded(path);
}

static void write_location(const sarif *s, const upk_label *label,
                           upk_str message) {
  upk_json_begin_object(s->w);
  if (message.len)
    put_text(s->w, "message", message);
  upk_json_key(s->w, "physicalLocation");
  upk_json_begin_object(s->w);
  write_artifact(s, label ? s->diags->sources.items[label->span.source].path
                          : s->places.otherwise);
  if (label)
    write_region(s, &label->span);
  upk_json_end_object(s->w);
  upk_json_end_object(s->w);
}

static const upk_label *primary_of(const sarif *s, const upk_diag *diag) {
  for (size_t i = 0; i < diag->labels.len; i++)
    if (in_repository(s, &diag->labels.items[i]))
      return &diag->labels.items[i];
  return NULL;
}

static void write_locations(const sarif *s, const upk_diag *diag) {
  upk_json_key(s->w, "locations");
  upk_json_begin_array(s->w);
  write_location(s, primary_of(s, diag), UPK_NO_STR);
  upk_json_end_array(s->w);
}

static void write_related(const sarif *s, const upk_diag *diag) {
  const upk_label *primary = primary_of(s, diag);
  bool any = false;
  for (size_t i = 0; i < diag->labels.len; i++) {
    const upk_label *label = &diag->labels.items[i];
    if (label == primary || !in_repository(s, label))
      continue;
    if (!any) {
      upk_json_key(s->w, "relatedLocations");
      upk_json_begin_array(s->w);
    }
    any = true;
    write_location(s, label, label->text.len ? label->text : UPK_STR("here"));
  }
  if (any)
    upk_json_end_array(s->w);
}

/* ---- results ---- */

static void add_sentence(upk_buf *out, upk_str text) {
  if (!text.len)
    return;
  upk_buf_str(out, out->len ? UPK_STR("\n") : UPK_STR(""));
  upk_buf_str(out, text);
}

/* A link in SARIF's text is [text](target), so brackets are escaped (3.11.6).
 */
static void write_message(const sarif *s, const upk_diag *diag) {
  upk_buf text = {0}, escaped = {0};
  add_sentence(&text, diag->message);
  for (size_t i = 0; i < diag->labels.len; i++) {
    const upk_label *label = &diag->labels.items[i];
    upk_str path = s->diags->sources.items[label->span.source].path;
    if (is_embedded(path)) {
      upk_buf_printf(&text, "\nat %.*s:%u:%u", UPK_FMT(path), label->span.line,
                     label->span.column);
    }
  }
  for (size_t i = 0; i < diag->notes.len; i++)
    add_sentence(&text, diag->notes.items[i]);
  add_sentence(&text, diag->help);
  for (size_t i = 0; i < text.len; i++) {
    if (strchr("[]\\", text.data[i]))
      upk_buf_char(&escaped, '\\');
    upk_buf_char(&escaped, text.data[i]);
  }
  put_text(s->w, "message", upk_buf_view(&escaped));
  upk_buf_free(&text);
  upk_buf_free(&escaped);
}

/* The same finding in a file whose lines have moved has the same fingerprint:
 * its code, file and words. */
static void write_fingerprint(const sarif *s, const upk_diag *diag) {
  const upk_label *label = primary_of(s, diag);
  upk_buf text = {0};
  upk_buf_printf(&text, "%d\n%.*s\n%.*s", diag->code,
                 UPK_FMT(label
                             ? s->diags->sources.items[label->span.source].path
                             : s->places.otherwise),
                 UPK_FMT(diag->message));
  upk_digest digest = upk_digest_of(upk_buf_view(&text));
  upk_json_key(s->w, "partialFingerprints");
  upk_json_begin_object(s->w);
  upk_json_put_string(s->w, "upkeepFinding/v1", upk_digest_view(&digest));
  upk_json_end_object(s->w);
  upk_buf_free(&text);
}

static bool is_used(const upk_diags *diags, int code) {
  for (size_t i = 0; i < diags->items.len; i++)
    if (diags->items.items[i].code == code)
      return true;
  return false;
}

/* Where the rule of a code stands among those that are used. */
static int64_t rule_index(const upk_diags *diags, int code) {
  int64_t index = 0;
  for (size_t i = 0; upk_code_at(i) && upk_code_at(i)->code != code; i++)
    index += is_used(diags, upk_code_at(i)->code);
  return index;
}

static void write_result(const sarif *s, const upk_diag *diag) {
  upk_json_begin_object(s->w);
  upk_json_put_string(s->w, "level", upk_str_from(levels[diag->severity]));
  write_locations(s, diag);
  write_message(s, diag);
  write_fingerprint(s, diag);
  write_related(s, diag);
  put_code(s->w, "ruleId", diag->code);
  upk_json_put_int(s->w, "ruleIndex", rule_index(s->diags, diag->code));
  upk_json_end_object(s->w);
}

/* ---- rules ---- */

/* "type-mismatch" -> "TypeMismatch" */
static void write_rule_name(const sarif *s, const char *name) {
  upk_buf text = {0};
  for (bool begins = true; *name; name++) {
    if (*name != '-')
      upk_buf_char(&text, begins && *name >= 'a' && *name <= 'z'
                              ? (char)(*name - 32)
                              : *name);
    begins = *name == '-';
  }
  upk_json_put_string(s->w, "name", upk_buf_view(&text));
  upk_buf_free(&text);
}

static upk_str first_sentence(upk_str doc) {
  for (size_t i = 0; i + 1 < doc.len; i++)
    if (doc.data[i] == '.' && doc.data[i + 1] == ' ')
      return (upk_str){doc.data, i + 1};
  return doc;
}

static void write_rule(const sarif *s, const upk_code *code) {
  upk_str doc = upk_str_from(code->doc);
  upk_buf help = {0};
  upk_buf_printf(&help, "%s\nMore: upkeep explain UPK%04d", code->doc,
                 code->code);
  upk_json_begin_object(s->w);
  upk_json_key(s->w, "defaultConfiguration");
  upk_json_begin_object(s->w);
  upk_json_put_string(s->w, "level", upk_str_from(levels[code->severity]));
  upk_json_end_object(s->w);
  put_text(s->w, "fullDescription", doc);
  put_text(s->w, "help", upk_buf_view(&help));
  put_code(s->w, "id", code->code);
  write_rule_name(s, code->name);
  put_text(s->w, "shortDescription", first_sentence(doc));
  upk_json_end_object(s->w);
  upk_buf_free(&help);
}

static void write_tool(const sarif *s) {
  upk_json_key(s->w, "tool");
  upk_json_begin_object(s->w);
  upk_json_key(s->w, "driver");
  upk_json_begin_object(s->w);
  upk_json_put_string(s->w, "name", UPK_STR("upkeep"));
  upk_json_key(s->w, "rules");
  upk_json_begin_array(s->w);
  for (size_t i = 0; upk_code_at(i); i++)
    if (is_used(s->diags, upk_code_at(i)->code))
      write_rule(s, upk_code_at(i));
  upk_json_end_array(s->w);
  upk_json_end_object(s->w);
  upk_json_end_object(s->w);
}

static void write_run(const sarif *s) {
  upk_json_begin_object(s->w);
  upk_json_put_string(s->w, "columnKind", UPK_STR("utf16CodeUnits"));
  upk_json_key(s->w, "invocations");
  upk_json_begin_array(s->w);
  upk_json_begin_object(s->w);
  upk_json_put_bool(s->w, "executionSuccessful", true);
  upk_json_end_object(s->w);
  upk_json_end_array(s->w);
  upk_json_key(s->w, "results");
  upk_json_begin_array(s->w);
  for (size_t i = 0; i < s->diags->items.len; i++)
    write_result(s, &s->diags->items.items[i]);
  upk_json_end_array(s->w);
  write_tool(s);
  upk_json_end_object(s->w);
}

void upk_diags_render_sarif(const upk_diags *diags, upk_sarif_places places,
                            upk_buf *out) {
  sarif s = {upk_json_writer_new(upk_sink_buf(out)), diags, places};
  upk_json_begin_object(s.w);
  upk_json_put_string(s.w, "$schema",
                      UPK_STR("https://json.schemastore.org/sarif-2.1.0.json"));
  upk_json_key(s.w, "runs");
  upk_json_begin_array(s.w);
  write_run(&s);
  upk_json_end_array(s.w);
  upk_json_put_string(s.w, "version", UPK_STR("2.1.0"));
  upk_json_end_object(s.w);
  upk_json_newline(s.w);
  upk_json_writer_close(s.w);
}
