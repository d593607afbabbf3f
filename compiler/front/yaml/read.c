#include "front/yaml/read.h"

#include <string.h>
#include <yaml.h>

#include "front/yaml/place.h"
#include "map.h"
#include "quote.h"

enum { MAX_BYTES = 1 << 20, MAX_DEPTH = 32, MAX_EVENTS = 50000 };

typedef struct builder {
  upk_arena *arena;
  upk_diags *diags;
  upk_str path, text;
  places places;
  yaml_parser_t parser;
  yaml_event_t event; /* the current one; its type is 0 before the first */
  size_t events;
  bool anchor_said;
} builder;

/* ---- bytes ---- */

static bool is_control(char c) {
  return ((unsigned char)c < 0x20 && c != '\t' && c != '\n' && c != '\r') ||
         c == 0x7f;
}

/* Length of the character that begins here, 0 when it is none. */
static size_t character_length(upk_str rest) {
  unsigned char lead = (unsigned char)rest.data[0];
  size_t len = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (len > rest.len || !upk_utf8_valid((upk_str){rest.data, len}))
    return 0;
  return len;
}

static void refuse_byte(builder *b, size_t offset) {
  static const char *const marks[] = {"\xff\xfe", "\xfe\xff"};
  upk_span span = places_span(&b->places, offset, offset + 1);
  for (size_t i = 0; i < 2; i++)
    if (upk_str_starts(b->text, marks[i])) {
      upk_diag_add(b->diags, 1003, span, "the file is UTF-16");
      return;
    }
  unsigned byte = (unsigned char)b->text.data[offset];
  upk_diag_add(b->diags, 1003, span,
               byte < 0x80 ? "control character %02X in the file"
                           : "byte %02X is not UTF-8",
               byte);
}

static bool check_bytes(builder *b) {
  size_t i = 0;
  while (i < b->text.len) {
    upk_str rest = {b->text.data + i, b->text.len - i};
    size_t len =
        (unsigned char)rest.data[0] < 0x80 ? 1 : character_length(rest);
    if (len == 0 || is_control(rest.data[0])) {
      refuse_byte(b, i);
      return false;
    }
    i += len;
  }
  return true;
}

/* ---- events ---- */

static upk_span span_of_mark(const builder *b, yaml_mark_t mark) {
  size_t start = places_offset(&b->places, mark.index);
  size_t end = start < b->text.len && b->text.data[start] != '\n'
                   ? places_offset(&b->places, mark.index + 1)
                   : start;
  return places_span(&b->places, start, end);
}

static upk_span event_span(const builder *b) {
  return places_span(&b->places,
                     places_offset(&b->places, b->event.start_mark.index),
                     places_offset(&b->places, b->event.end_mark.index));
}

static const struct {
  const char *problem, *help;
} helps[] = {
    {"found a tab character that violates indentation",
     "indent with spaces, not with tabs"},
    {"mapping values are not allowed in this context",
     "put quotes around a text that holds `: `, and check the indentation"},
    {"did not find expected key",
     "begin all keys of one map in the same column"},
    {"could not find expected ':'", "write `key: value`, with a space"},
    {"did not find expected '-' indicator",
     "begin all items of one list in the same column"},
    {"did not find expected ',' or ']'", "close the list with ]"},
    {"did not find expected ',' or '}'", "close the map with }"},
    {"found unexpected end of stream", "close the quotes"},
};

static void help_syntax(builder *b, upk_diag *diag, const char *problem) {
  size_t at = places_offset(&b->places, b->parser.problem_mark.index);
  char c = at < b->text.len ? b->text.data[at] : '\0';
  if (strcmp(problem, "found character that cannot start any token") == 0) {
    if (c == '\t')
      upk_diag_help(b->diags, diag, "indent with spaces, not with tabs");
    else
      upk_diag_help(b->diags, diag,
                    "put quotes around a text that begins with `%c`", c);
    return;
  }
  for (size_t i = 0; i < sizeof helps / sizeof *helps; i++)
    if (strcmp(problem, helps[i].problem) == 0)
      upk_diag_help(b->diags, diag, "%s", helps[i].help);
}

static void refuse_syntax(builder *b) {
  const yaml_parser_t *parser = &b->parser;
  const char *problem =
      parser->problem == NULL ? "not enough memory" : parser->problem;
  if (parser->error == YAML_READER_ERROR) {
    size_t at = parser->problem_offset < b->text.len ? parser->problem_offset
                                                     : b->text.len;
    upk_diag_add(b->diags, 1003, places_span(&b->places, at, at), "%s",
                 problem);
    return;
  }
  upk_diag *diag = upk_diag_add(
      b->diags, 1004, span_of_mark(b, parser->problem_mark), "%s", problem);
  if (parser->context != NULL &&
      parser->context_mark.index != parser->problem_mark.index)
    upk_diag_label(b->diags, diag, span_of_mark(b, parser->context_mark), "%s",
                   parser->context);
  help_syntax(b, diag, problem);
}

/* Goes to the next event; false after a diagnostic. */
static bool advance(builder *b) {
  yaml_event_delete(&b->event);
  memset(&b->event, 0, sizeof b->event);
  if (yaml_parser_parse(&b->parser, &b->event) == 0) {
    refuse_syntax(b);
    return false;
  }
  if (++b->events > MAX_EVENTS) {
    upk_diag_add(b->diags, 1007, event_span(b),
                 "the file holds more than %d values and keys", MAX_EVENTS);
    return false;
  }
  return true;
}

static void refuse_anchor(builder *b, const char *what) {
  if (b->anchor_said)
    return;
  b->anchor_said = true;
  upk_diag *diag =
      upk_diag_add(b->diags, 1008, event_span(b), "%s are not allowed", what);
  upk_diag_help(b->diags, diag,
                "declare the value under `vars` and write ${name}, or use Lua");
}

/* Anchors and tags of a scalar or the start of a list or map. */
static void check_properties(builder *b, const yaml_char_t *anchor,
                             const yaml_char_t *tag) {
  if (anchor != NULL)
    refuse_anchor(b, "anchors");
  if (tag != NULL) {
    upk_diag *diag =
        upk_diag_add(b->diags, 1009, event_span(b), "tags are not allowed");
    upk_diag_help(b->diags, diag, "remove the word that begins with `!`");
  }
}

/* ---- nodes ---- */

static node *read_node(builder *b, unsigned depth);

static bool same_bytes(const builder *b, size_t start, upk_str text) {
  return start + text.len <= b->text.len &&
         memcmp(b->text.data + start, text.data, text.len) == 0;
}

/* The offset just past the last byte before `end` that is no white space. */
static size_t trim_end(const builder *b, size_t start, size_t end) {
  while (end > start && strchr(" \t\r\n", b->text.data[end - 1]) != NULL)
    end--;
  return end;
}

/* Content of a block scalar: past its header's line and the indentation. */
static size_t block_content(const builder *b, size_t start, size_t end) {
  while (start < end && b->text.data[start] != '\n')
    start++;
  while (start < end && strchr(" \r\n", b->text.data[start]) != NULL)
    start++;
  return start;
}

/* Exact when the text stands in the source as it is; else all of it. */
static void set_scalar_spans(builder *b, node *scalar,
                             yaml_scalar_style_t style) {
  size_t start = places_offset(&b->places, b->event.start_mark.index);
  size_t end = places_offset(&b->places, b->event.end_mark.index);
  size_t first = start, last = end;
  switch (style) {
  case YAML_SINGLE_QUOTED_SCALAR_STYLE:
  case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
    first = start + 1;
    last = end - 1;
    break;
  case YAML_LITERAL_SCALAR_STYLE:
  case YAML_FOLDED_SCALAR_STYLE:
    last = end = trim_end(b, start, end);
    first = block_content(b, start, end);
    break;
  default:
    break;
  }
  upk_str text = upk_str_trim(scalar->text);
  if (same_bytes(b, first, text))
    last = first + text.len;
  scalar->span = places_span(&b->places, start, end);
  scalar->text_span = places_span(&b->places, first, last);
}

static node *read_scalar(builder *b) {
  const yaml_event_t *e = &b->event;
  check_properties(b, e->data.scalar.anchor, e->data.scalar.tag);
  yaml_scalar_style_t style = e->data.scalar.style;
  bool plain = style == YAML_PLAIN_SCALAR_STYLE;
  upk_str text = {(const char *)e->data.scalar.value, e->data.scalar.length};
  if (plain && text.len == 0)
    return node_new(b->arena, NODE_NULL, event_span(b));
  node *scalar = node_new_text(b->arena, plain ? NODE_PLAIN : NODE_TEXT,
                               upk_arena_copy(b->arena, text), UPK_NO_SPAN);
  set_scalar_spans(b, scalar, style);
  return scalar;
}

static void set_end(node *container, upk_span last) {
  container->span.end_line = last.end_line;
  container->span.end_column = last.end_column;
}

static node *read_list(builder *b, unsigned depth) {
  const yaml_event_t *e = &b->event;
  check_properties(b, e->data.sequence_start.anchor,
                   e->data.sequence_start.tag);
  bool flow = e->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
  node *list = node_new(b->arena, NODE_LIST, event_span(b));
  UPK_VEC(node *) items = {0};
  for (;;) {
    if (!advance(b))
      return NULL;
    if (b->event.type == YAML_SEQUENCE_END_EVENT)
      break;
    node *item = read_node(b, depth + 1);
    if (item == NULL)
      return NULL;
    *UPK_PUSH(b->arena, &items) = item;
  }
  if (flow)
    set_end(list, event_span(b));
  else if (items.len > 0)
    set_end(list, items.items[items.len - 1]->span);
  list->list.items = items.items;
  list->list.count = items.len;
  return list;
}

/* The key at the current event; absent after a diagnostic. */
static upk_str read_key(builder *b, upk_span *ret_span) {
  if (b->event.type == YAML_ALIAS_EVENT) {
    refuse_anchor(b, "aliases");
    return UPK_NO_STR;
  }
  if (b->event.type != YAML_SCALAR_EVENT) {
    upk_diag_add(b->diags, 1012, event_span(b),
                 "a key must be a word, not a list or a map");
    return UPK_NO_STR;
  }
  node *key = read_scalar(b);
  *ret_span = key->span;
  if (key->type == NODE_NULL || key->text.len == 0) {
    upk_diag_add(b->diags, 1012, key->span, "a key is empty");
    return UPK_NO_STR;
  }
  if (key->type == NODE_PLAIN && upk_str_is(key->text, "<<")) {
    refuse_anchor(b, "merge keys");
    return UPK_NO_STR;
  }
  return key->text;
}

typedef UPK_VEC(node_member) members;

static void refuse_duplicate(builder *b, upk_str key, upk_span span,
                             upk_span first) {
  upk_diag *diag = upk_diag_add(b->diags, 1011, span,
                                "`%.*s` stands twice in one map", UPK_FMT(key));
  upk_diag_label(b->diags, diag, first, "first here");
}

/* Reads key and value at the current event into `out`, or says why not. */
static bool read_member(builder *b, unsigned depth, upk_map *seen,
                        members *out) {
  upk_span span = UPK_NO_SPAN;
  upk_str key = read_key(b, &span);
  if (key.data == NULL || !advance(b))
    return false;
  node *value = read_node(b, depth + 1);
  if (value == NULL)
    return false;
  uint64_t first;
  if (upk_map_find(seen, key, &first)) {
    refuse_duplicate(b, key, span, out->items[first].key_span);
    return true;
  }
  upk_map_put(seen, key, out->len);
  *UPK_PUSH(b->arena, out) = (node_member){key, span, value};
  return true;
}

static node *read_map(builder *b, unsigned depth) {
  const yaml_event_t *e = &b->event;
  check_properties(b, e->data.mapping_start.anchor, e->data.mapping_start.tag);
  bool flow = e->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
  node *map = node_new(b->arena, NODE_MAP, event_span(b));
  members out = {0};
  upk_map seen;
  upk_map_init(&seen, b->arena);
  for (;;) {
    if (!advance(b))
      return NULL;
    if (b->event.type == YAML_MAPPING_END_EVENT)
      break;
    if (!read_member(b, depth, &seen, &out))
      return NULL;
  }
  if (flow)
    set_end(map, event_span(b));
  else if (out.len > 0)
    set_end(map, out.items[out.len - 1].value->span);
  map->map.members = out.items;
  map->map.count = out.len;
  return map;
}

/* The value that begins with the current event; its last event is current
 * afterwards. Recursion ends at MAX_DEPTH. */
static node *read_node(builder *b, unsigned depth) {
  if (depth >= MAX_DEPTH && b->event.type != YAML_SCALAR_EVENT) {
    upk_diag_add(b->diags, 1006, event_span(b),
                 "lists and maps are nested more than %d deep", MAX_DEPTH);
    return NULL;
  }
  switch (b->event.type) {
  case YAML_SCALAR_EVENT:
    return read_scalar(b);
  case YAML_SEQUENCE_START_EVENT:
    return read_list(b, depth);
  case YAML_MAPPING_START_EVENT:
    return read_map(b, depth);
  default:
    refuse_anchor(b, "aliases");
    return NULL;
  }
}

static void refuse_empty(builder *b) {
  upk_diag_add(b->diags, 1005, places_span(&b->places, 0, 0), "%.*s is empty",
               UPK_FMT(b->path));
}

static bool advance_by(builder *b, unsigned events) {
  while (events && advance(b))
    events--;
  return events == 0;
}

static node *read_document(builder *b) {
  if (!advance_by(b, 2)) /* stream start, document start */
    return NULL;
  if (b->event.type == YAML_STREAM_END_EVENT) {
    refuse_empty(b);
    return NULL;
  }
  node *root = advance(b) ? read_node(b, 0) : NULL;
  if (root == NULL || !advance_by(b, 2)) /* document end, then? */
    return NULL;
  if (b->event.type != YAML_STREAM_END_EVENT) {
    upk_diag_add(b->diags, 1010, event_span(b),
                 "a second document begins here");
    return NULL;
  }
  if (root->type == NODE_NULL) {
    refuse_empty(b);
    return NULL;
  }
  return root;
}

node *yaml_read(upk_arena *arena, upk_diags *diags, upk_str path,
                upk_str text) {
  if (upk_str_starts(text, "\xef\xbb\xbf"))
    text = (upk_str){text.data + 3, text.len - 3};
  bool large = text.len > MAX_BYTES;
  builder b = {.arena = arena, .diags = diags, .path = path, .text = text};
  uint32_t source = upk_diags_source(diags, path, large ? UPK_NO_STR : text);
  if (large) {
    upk_diag_add(diags, 1002, (upk_span){source, 1, 1, 1, 1},
                 "%.*s is larger than 1 MiB", UPK_FMT(path));
    return NULL;
  }
  places_init(&b.places, arena, text, source);
  if (!check_bytes(&b))
    return NULL;
  if (yaml_parser_initialize(&b.parser) == 0) {
    upk_diag_add(diags, 1004, UPK_NO_SPAN, "not enough memory");
    return NULL;
  }
  yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&b.parser, (const unsigned char *)text.data,
                               text.len);
  node *root = read_document(&b);
  yaml_event_delete(&b.event);
  yaml_parser_delete(&b.parser);
  return root;
}
