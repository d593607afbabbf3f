/* Diagnostics for machines: JSON, and the form that crosses from the
 * compilation child to its parent. */
#include <string.h>

#include "json.h"
#include <upkeep/diag.h>

static const char *const severity_names[] = {"note", "warning", "error"};

static void code_text(upk_json_writer *w, const char *key, int code) {
  upk_buf text = {0};
  upk_buf_printf(&text, "UPK%04d", code);
  upk_json_put_string(w, key, upk_buf_view(&text));
  upk_buf_free(&text);
}

static void span_json(upk_json_writer *w, const upk_span *span) {
  upk_json_put_int(w, "column", span->column);
  upk_json_put_int(w, "end_column", span->end_column);
  upk_json_put_int(w, "end_line", span->end_line);
  upk_json_put_int(w, "line", span->line);
}

static void labels_json(upk_json_writer *w, const upk_diags *diags,
                        const upk_diag *diag) {
  upk_json_key(w, "labels");
  upk_json_begin_array(w);
  for (size_t i = 0; i < diag->labels.len; i++) {
    const upk_label *label = &diag->labels.items[i];
    upk_json_begin_object(w);
    span_json(w, &label->span);
    upk_json_put_string(w, "path",
                        diags->sources.items[label->span.source].path);
    upk_json_put_int(w, "source", label->span.source);
    upk_json_put_string(w, "text", label->text);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

static void diag_json(upk_json_writer *w, const upk_diags *diags,
                      const upk_diag *diag) {
  upk_json_begin_object(w);
  code_text(w, "code", diag->code);
  if (diag->labels.len)
    upk_json_put_int(w, "column", diag->labels.items[0].span.column);
  if (diag->help.data)
    upk_json_put_string(w, "help", diag->help);
  labels_json(w, diags, diag);
  if (diag->labels.len)
    upk_json_put_int(w, "line", diag->labels.items[0].span.line);
  upk_json_put_string(w, "message", diag->message);
  upk_json_key(w, "notes");
  upk_json_begin_array(w);
  for (size_t i = 0; i < diag->notes.len; i++)
    upk_json_string(w, diag->notes.items[i]);
  upk_json_end_array(w);
  if (diag->labels.len)
    upk_json_put_string(
        w, "path",
        diags->sources.items[diag->labels.items[0].span.source].path);
  upk_json_put_string(w, "severity",
                      upk_str_from(severity_names[diag->severity]));
  upk_json_end_object(w);
}

static void items_json(upk_json_writer *w, const upk_diags *diags) {
  upk_json_begin_array(w);
  for (size_t i = 0; i < diags->items.len; i++)
    diag_json(w, diags, &diags->items.items[i]);
  upk_json_end_array(w);
}

void upk_diags_render_json(const upk_diags *diags, upk_buf *out) {
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(out));
  items_json(w, diags);
  upk_json_newline(w);
  upk_json_writer_close(w);
}

void upk_diags_encode(const upk_diags *diags, upk_buf *out) {
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(out));
  upk_json_begin_object(w);
  upk_json_put_int(w, "dropped", (int64_t)diags->dropped);
  upk_json_put_int(w, "failures", (int64_t)diags->failures);
  upk_json_key(w, "items");
  items_json(w, diags);
  upk_json_key(w, "sources");
  upk_json_begin_array(w);
  for (size_t i = 1; i < diags->sources.len; i++) {
    upk_json_begin_object(w);
    upk_json_put_string(w, "path", diags->sources.items[i].path);
    upk_json_put_string(w, "text", diags->sources.items[i].text);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
  upk_json_put_int(w, "warnings", (int64_t)diags->warnings);
  upk_json_end_object(w);
  upk_json_newline(w);
  upk_json_writer_close(w);
}

static int decode_code(upk_str text) {
  int code = 0;
  for (size_t i = 3; i < text.len && text.data[i] >= '0' &&
                     text.data[i] <= '9' && code < 10000;
       i++)
    code = code * 10 + (text.data[i] - '0');
  return code;
}

static uint32_t number_of(const upk_json *object, const char *key) {
  return (uint32_t)upk_json_number(object, key, 0);
}

/* `map` has our number of each source of the encoded sink. */
static upk_span decode_span(const upk_json *label, const uint32_t *map,
                            size_t count) {
  uint32_t source = number_of(label, "source");
  return (upk_span){source < count ? map[source] : 0, number_of(label, "line"),
                    number_of(label, "column"), number_of(label, "end_line"),
                    number_of(label, "end_column")};
}

static void decode_item(upk_diags *diags, const upk_json *item,
                        const uint32_t *map, size_t count) {
  upk_str message = upk_json_text(item, "message");
  const upk_json *labels = upk_json_get(item, "labels");
  const upk_json *notes = upk_json_get(item, "notes");
  upk_str help = upk_json_text(item, "help");
  upk_diag *diag = upk_diag_add(diags, decode_code(upk_json_text(item, "code")),
                                UPK_NO_SPAN, "%.*s", UPK_FMT(message));
  for (size_t i = 0; i < 3; i++)
    if (upk_str_is(upk_json_text(item, "severity"), severity_names[i]))
      diag->severity = (upk_severity)i;
  for (size_t i = 0; i < upk_json_count(labels); i++) {
    const upk_json *label = upk_json_at(labels, i);
    upk_str text = upk_json_text(label, "text");
    *UPK_PUSH(diags->arena, &diag->labels) = (upk_label){
        decode_span(label, map, count), upk_arena_copy(diags->arena, text)};
  }
  for (size_t i = 0; i < upk_json_count(notes); i++)
    *UPK_PUSH(diags->arena, &diag->notes) =
        upk_arena_copy(diags->arena, upk_json_at(notes, i)->string);
  diag->help = upk_arena_copy(diags->arena, help);
}

/* One command compiles several times (project, inspection, plan), and each
 * time says the same: the repetition is dropped. */
static bool is_repeated(const upk_diags *diags, size_t before) {
  const upk_diag *last = &diags->items.items[diags->items.len - 1];
  for (size_t i = 0; i < before; i++) {
    const upk_diag *diag = &diags->items.items[i];
    if (diag->code == last->code && diag->labels.len == last->labels.len &&
        upk_str_equal(diag->message, last->message) &&
        (diag->labels.len == 0 ||
         memcmp(&diag->labels.items[0].span, &last->labels.items[0].span,
                sizeof(upk_span)) == 0))
      return true;
  }
  return false;
}

bool upk_diags_decode(upk_diags *diags, upk_str bytes) {
  upk_json_error error;
  upk_arena *arena = upk_arena_new(NULL);
  const upk_json *tree = upk_json_parse(arena, bytes, &error);
  if (tree) {
    const upk_json *sources = upk_json_get(tree, "sources");
    const upk_json *items = upk_json_get(tree, "items");
    size_t count = upk_json_count(sources) + 1;
    uint32_t *map = UPK_NEW_ARRAY(arena, uint32_t, count);
    size_t failures = diags->failures, warnings = diags->warnings;
    for (size_t i = 1; i < count; i++) {
      const upk_json *source = upk_json_at(sources, i - 1);
      map[i] = upk_diags_source(diags, upk_json_text(source, "path"),
                                upk_json_text(source, "text"));
    }
    size_t before = diags->items.len;
    /* What the child counted, also of those it did not keep. */
    failures += number_of(tree, "failures");
    warnings += number_of(tree, "warnings");
    for (size_t i = 0; i < upk_json_count(items); i++) {
      size_t len = diags->items.len;
      decode_item(diags, upk_json_at(items, i), map, count);
      if (diags->items.len == len || !is_repeated(diags, before))
        continue;
      const upk_diag *last = &diags->items.items[diags->items.len - 1];
      failures -= last->severity == UPK_FAILURE;
      warnings -= last->severity == UPK_WARNING;
      diags->items.len--;
    }
    diags->failures = failures;
    diags->warnings = warnings;
    diags->dropped += number_of(tree, "dropped");
  }
  upk_arena_free(arena);
  return tree != NULL;
}
