/* The requirements document: which parts of it are read, and what stands around
 * each line. */
#include <string.h>

#include <upkeep/compile.h>

#include "digest.h"
#include "front/front.h"
#include "front/requirements/private.h"

typedef struct walk {
  reader *r;
  setting *settings;   /* of each item: what its children stand under */
  uint8_t *taken;      /* blocks that were read with another */
  setting headings[7]; /* by level; [0]: none */
  int level;           /* of the section's heading; 0: outside */
  bool found;          /* there is a section, or a block */
} walk;

static const setting nowhere = {.key = -1};

/* ---- sections ---- */

static bool has_words(upk_str text, const char *words) {
  size_t len = strlen(words);
  for (size_t i = 0; i + len <= text.len; i++)
    if (memcmp(text.data + i, words, len) == 0 &&
        (i == 0 || text.data[i - 1] == ' ') &&
        (i + len == text.len || text.data[i + len] == ' '))
      return true;
  return false;
}

/* "Database maintenance", with numbers or words around it. */
static bool is_section(reader *r, upk_str heading) {
  upk_str normal = key_normal(r, heading);
  return has_words(normal, "database maintenance") ||
         has_words(normal, "db maintenance");
}

/* What a heading, or an item without a value, says of what stands below. */
static setting below(reader *r, const setting *outer, upk_str phrase) {
  setting inner = *outer;
  upk_str target = target_named(r, phrase);
  int both = key_find_both(r, outer->phrase, phrase);
  int key = both >= 0 ? both : key_find(r, phrase);
  bool when = outer->key == IR_REQUIREMENT_windows ||
              outer->key == IR_REQUIREMENT_blackouts;
  if (target.data)
    inner.target = target;
  else if (key == KEY_GROUP) {
    inner.key = -1;
    inner.phrase = phrase;
  } else if (key >= 0) {
    inner.key = key;
    inner.phrase = phrase;
    inner.name = UPK_NO_STR;
  } else if (when)
    inner.name = phrase;
  else
    inner.phrase = phrase;
  inner.several = true;
  return inner;
}

static const setting *heading_setting(const walk *w) {
  for (int level = 6; level > w->level; level--)
    if (w->headings[level].key >= 0 || w->headings[level].phrase.data ||
        w->headings[level].target.data)
      return &w->headings[level];
  return &nowhere;
}

static void enter_heading(walk *w, const md_block *block) {
  if (block->parent != MD_NONE)
    return;
  if (is_section(w->r, block->text.text)) {
    if (!w->level || block->level <= w->level)
      w->level = block->level;
    w->found = true;
  } else if (w->level && block->level <= w->level) {
    w->level = 0;
  }
  for (int level = block->level; level <= 6; level++)
    w->headings[level] = nowhere;
  if (!w->level || block->level <= w->level)
    return;
  const setting *outer = heading_setting(w);
  w->headings[block->level] = below(w->r, outer, block->text.text);
}

/* ---- texts ---- */

/* A text with its line breaks as spaces. */
static piece one_line(reader *r, const md_text *text, size_t start,
                      size_t end) {
  char *copy = UPK_NEW_ARRAY(r->ir->arena, char, end - start + 1);
  for (size_t i = start; i < end; i++)
    copy[i - start] = text->text.data[i] == '\n' ? ' ' : text->text.data[i];
  md_text *line = UPK_NEW(r->ir->arena, md_text);
  *line = (md_text){{copy, end - start}, text->at + start};
  return piece_trim(piece_whole(line));
}

/* Whether a line of a paragraph begins a statement of its own. */
static bool begins_statement(reader *r, const md_text *text, size_t start) {
  size_t end = start;
  piece key, value;
  while (end < text->text.len && text->text.data[end] != '\n')
    end++;
  piece line = {text, {text->text.data + start, end - start}};
  return split_key(r, line, &key, &value) && key_find(r, key.text) >= 0;
}

static bool ends_sentence(const md_text *text, size_t at) {
  return (text->text.data[at] == '.' || text->text.data[at] == '!') &&
         at + 1 < text->text.len &&
         (text->text.data[at + 1] == ' ' || text->text.data[at + 1] == '\n') &&
         at + 2 < text->text.len &&
         !(text->text.data[at + 2] >= 'a' && text->text.data[at + 2] <= 'z') &&
         !(at > 1 && text->text.data[at - 2] == '.'); /* a.m. */
}

/* A paragraph: lines `key: value`, and sentences. */
static void read_paragraph(walk *w, const md_block *block, const setting *at) {
  const md_text *text = &block->text;
  size_t start = 0;
  if (text->text.len && text->text.data[0] == '[')
    return;
  for (size_t i = 0; i <= text->text.len; i++) {
    bool end = i == text->text.len;
    bool line = !end && text->text.data[i] == '\n' &&
                begins_statement(w->r, text, i + 1);
    if (!end && !line && !ends_sentence(text, i))
      continue;
    size_t stop = end || line ? i : i + 1;
    if (stop > start)
      (void)read_statement(w->r, at, one_line(w->r, text, start, stop), false);
    start = stop;
  }
}

/* ---- lists ---- */

static bool has_children(const walk *w, size_t number) {
  const md_document *d = &w->r->doc;
  return number + 1 < d->blocks.len &&
         d->blocks.items[number + 1].parent == number;
}

static bool is_when(int key) {
  return key == IR_REQUIREMENT_windows || key == IR_REQUIREMENT_blackouts;
}

/* Items `day: Sunday`, `start: 02:00` of one list are one window. `parent`:
 * MD_NONE for a list right below a heading. */
static void gather_parts(walk *w, size_t first, size_t parent,
                         const setting *at) {
  const md_document *d = &w->r->doc;
  piece parts[PART_COUNT] = {0}, key, value;
  size_t found = 0;
  for (int pass = 0; pass < 2; pass++) {
    for (size_t i = first; i < d->blocks.len; i++) {
      const md_block *b = &d->blocks.items[i];
      if (b->type == MD_HEADING || (parent != MD_NONE && b->parent == MD_NONE))
        break;
      if (b->type != MD_ITEM || b->parent != parent)
        continue;
      piece line = one_line(w->r, &b->text, 0, b->text.text.len);
      int part =
          split_key(w->r, line, &key, &value) ? part_find(w->r, key.text) : -1;
      if (part < 0 || !value.text.len)
        continue;
      if (!pass) {
        if (parts[part].text.len)
          return; /* several of them: each is read alone */
        parts[part] = value;
        found += part != PART_NAME;
      } else {
        w->taken[i] = 1;
      }
    }
    if (found < 2)
      return;
  }
  setting one = *at;
  one.several = false;
  (void)read_parts(w->r, (ir_requirement_key)at->key, &one, parts);
}

/* The item's own words: a key without a value, with what belongs to it below.
 */
static bool is_opening(walk *w, piece text, const setting *outer, size_t number,
                       upk_str *ret_phrase) {
  piece key, value;
  if (split_key(w->r, text, &key, &value)) {
    *ret_phrase = key.text;
    return !value.text.len;
  }
  *ret_phrase = text.text;
  if (!has_children(w, number))
    return false;
  return key_find(w->r, text.text) >= 0 ||
         key_find_both(w->r, outer->phrase, text.text) >= 0 ||
         target_named(w->r, text.text).data || is_when(outer->key);
}

static void enter_item(walk *w, size_t number) {
  const md_block *block = &w->r->doc.blocks.items[number];
  bool top = block->parent == MD_NONE;
  const setting *outer = top ? heading_setting(w) : &w->settings[block->parent];
  upk_str phrase;
  piece text = one_line(w->r, &block->text, 0, block->text.text.len);
  if (top && is_when(outer->key) && !w->taken[number])
    gather_parts(w, number, MD_NONE, outer);
  w->settings[number] = *outer;
  if (w->taken[number] || !text.text.len)
    return;
  if (!is_opening(w, text, outer, number, &phrase)) {
    piece key, value;
    if (split_key(w->r, text, &key, &value))
      w->settings[number] = below(w->r, outer, key.text);
    (void)read_statement(w->r, outer, text, true);
    return;
  }
  w->settings[number] = below(w->r, outer, phrase);
  if (is_when(w->settings[number].key) && has_children(w, number))
    gather_parts(w, number + 1, number, &w->settings[number]);
}

/* ---- the walk ---- */

static size_t table_end(const md_document *d, size_t first) {
  size_t end = first;
  while (end < d->blocks.len && d->blocks.items[end].type == MD_ROW &&
         d->blocks.items[end].table == d->blocks.items[first].table)
    end++;
  return end;
}

static void read_blocks(walk *w) {
  const md_document *d = &w->r->doc;
  for (size_t i = 0; i < d->blocks.len && !w->r->full; i++) {
    const md_block *b = &d->blocks.items[i];
    const setting *at =
        b->parent == MD_NONE ? heading_setting(w) : &w->settings[b->parent];
    if (b->type == MD_HEADING) {
      enter_heading(w, b);
    } else if (b->type == MD_FENCE && word_is(b->text.text, "upkeep")) {
      w->found = true;
      read_block(w->r, b);
    } else if (!w->level) {
      continue;
    } else if (b->type == MD_ITEM) {
      enter_item(w, i);
    } else if (b->type == MD_TEXT) {
      read_paragraph(w, b, at);
    } else if (b->type == MD_ROW) {
      size_t end = table_end(d, i);
      read_table(w->r, at, i, end);
      i = end - 1;
    }
  }
}

/* The zone of all hours holds wherever it stands. */
static void read_zone(walk *w) {
  const md_document *d = &w->r->doc;
  bool inside = false, quiet = w->r->quiet;
  int level = 0;
  w->r->quiet = true;
  for (size_t i = 0; i < d->blocks.len; i++) {
    const md_block *b = &d->blocks.items[i];
    piece key, value;
    if (b->type == MD_HEADING && b->parent == MD_NONE) {
      inside = is_section(w->r, b->text.text) || (inside && b->level > level);
      level = is_section(w->r, b->text.text) ? b->level : level;
    }
    bool row = b->type == MD_ROW && b->cell_count > 1;
    if (!inside || !(row || b->type == MD_ITEM || b->type == MD_TEXT))
      continue;
    if (row) {
      key = piece_whole(&b->cells[0]);
      value = piece_whole(&b->cells[1]);
    } else if (!split_key(w->r, piece_whole(&b->text), &key, &value)) {
      continue;
    }
    if (b->parent == MD_NONE &&
        key_find(w->r, key.text) == IR_REQUIREMENT_timezone)
      (void)read_scalar(w->r, IR_REQUIREMENT_timezone, &nowhere, value);
  }
  w->r->quiet = quiet;
}

static void say_nothing_found(walk *w) {
  const md_document *d = &w->r->doc;
  if (w->r->quiet)
    return;
  upk_diag *diag = upk_diag_add(
      w->r->ir->diags, 1605, md_span(d, 0, 0),
      "the document has no section `Database maintenance` and no block for "
      "upkeep");
  for (size_t i = 0; i < d->blocks.len; i++) {
    const md_block *b = &d->blocks.items[i];
    upk_str normal =
        b->type == MD_HEADING ? key_normal(w->r, b->text.text) : UPK_STR("");
    if (!has_words(normal, "database") && !has_words(normal, "maintenance"))
      continue;
    upk_diag_label(w->r->ir->diags, diag,
                   md_text_span(d, &b->text, b->text.text),
                   "is this it? Head it `Database maintenance`");
    return;
  }
}

static void say_zoneless(const reader *r) {
  if (!r->zoneless.line || r->quiet)
    return;
  upk_diag *diag = upk_diag_add(r->ir->diags, 1614, r->zoneless,
                                "no time zone is named: the hours are taken "
                                "for UTC");
  upk_diag_help(r->ir->diags, diag,
                "add `Time zone: Europe/Berlin`, or `Time zone: UTC`");
}

/* ---- the file ---- */

static bool read_file(ir *ir, const node *path, upk_str *ret_text) {
  bool too_large = false;
  if (ir->source->read(ir->source->ctx, path->text, MD_BYTES_MAX, ir->arena,
                       ret_text, &too_large))
    return true;
  if (too_large) {
    upk_diag *diag =
        upk_diag_add(ir->diags, 1601, path->text_span,
                     "%.*s is larger than 1 MiB", UPK_FMT(path->text));
    upk_diag_help(ir->diags, diag,
                  "Give the requirements a document of their own.");
    return false;
  }
  if (front_absent(ir, path->text, path->text_span))
    return false;
  upk_diag *diag =
      upk_diag_add(ir->diags, 1600, path->text_span,
                   "there is no document %.*s", UPK_FMT(node_clip(path->text)));
  upk_str *near;
  size_t count =
      ir->source->list(ir->source->ctx, UPK_STR("**"), ir->arena, &near);
  upk_diag_suggest(ir->diags, diag, path->text, near, count);
  return false;
}

/* What is not understood is said when the project is judged, not each time that
 * it is used. */
static bool is_quiet(const ir *ir) {
  switch (ir->request->mode) {
  case UPK_COMPILE_VALIDATE:
  case UPK_COMPILE_REQUIREMENTS:
  case UPK_COMPILE_PLAN:
    return false;
  default:
    return true;
  }
}

void front_requirements(ir *ir) {
  const node *path = node_find(ir->project.raw, "requirements");
  upk_str text;
  if (!path || (path->type != NODE_TEXT && path->type != NODE_PLAIN) ||
      node_is_null(path) || !read_file(ir, path, &text))
    return;
  reader r = {.ir = ir, .out = &ir->requirements, .quiet = is_quiet(ir)};
  upk_digest digest = upk_digest_of(text);
  r.out->path = path->text;
  r.out->sha256 = upk_arena_copy(ir->arena, upk_digest_view(&digest));
  keys_init(&r);
  if (!md_read(ir->arena, ir->diags, path->text, text, &r.doc))
    return;
  r.out->source = r.doc.source;
  walk w = {.r = &r,
            .settings = UPK_NEW_ARRAY(ir->arena, setting, r.doc.blocks.len + 1),
            .taken = UPK_NEW_ARRAY(ir->arena, uint8_t, r.doc.blocks.len + 1)};
  for (int i = 0; i < 7; i++)
    w.headings[i] = nowhere;
  read_zone(&w);
  read_blocks(&w);
  if (!w.found)
    say_nothing_found(&w);
  say_zoneless(&r);
}
