/* What keys are called: words.def. */
#include <string.h>

#include "front/requirements/private.h"

static bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         ((unsigned char)c & 0x80);
}

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Length without a plural s; "class", "status" and "analysis" have none. */
static size_t singular(const char *word, size_t len) {
  bool plural = len > 3 && word[len - 1] == 's' && word[len - 2] != 's' &&
                word[len - 2] != 'u' && word[len - 2] != 'i';
  return plural ? len - 1 : len;
}

static bool is_article(const char *word, size_t len) {
  return (len == 3 && memcmp(word, "the", 3) == 0) ||
         (len == 3 && memcmp(word, "our", 3) == 0) ||
         (len == 1 && word[0] == 'a');
}

upk_str key_normal(reader *r, upk_str phrase) {
  char *out = UPK_NEW_ARRAY(r->ir->arena, char, phrase.len + 1);
  size_t len = 0, word = 0, depth = 0;
  for (size_t i = 0; i <= phrase.len; i++) {
    char c = i < phrase.len ? lower(phrase.data[i]) : ' ';
    depth += c == '(';
    if (!depth && is_alnum(c)) {
      out[len++] = c;
      continue;
    }
    depth -= depth && c == ')';
    if (len > word && is_article(out + word, len - word))
      len = word;
    else if (len > word)
      len = word + singular(out + word, len - word);
    if (len > word)
      out[len++] = ' ';
    word = len;
  }
  return (upk_str){out, len ? len - 1 : 0};
}

void keys_init(reader *r) {
  static const struct {
    int key;
    const char *phrase;
  } rows[] = {
#define X(key, phrase) {key, phrase},
#include "front/requirements/words.def"
#undef X
  };
  upk_map_init(&r->words, r->ir->arena);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    upk_map_put(&r->words, key_normal(r, upk_str_from(rows[i].phrase)),
                (uint64_t)rows[i].key);
  for (int i = 0; i < IR_REQUIREMENT_COUNT; i++) /* as in `requirement.x` */
    upk_map_put(&r->words,
                key_normal(r, upk_str_from(ir_requirement_rows[i].name)),
                (uint64_t)i);
}

static int look_up(reader *r, upk_str normal) {
  uint64_t key;
  return normal.len && upk_map_find(&r->words, normal, &key) ? (int)key : -1;
}

int key_find(reader *r, upk_str phrase) {
  enum { PHRASE_BYTES_MAX = 120 };
  return phrase.len > PHRASE_BYTES_MAX ? -1 : look_up(r, key_normal(r, phrase));
}

int key_find_both(reader *r, upk_str first, upk_str second) {
  if (!first.data || !second.data || first.len + second.len > 200)
    return -1;
  return look_up(
      r, key_normal(r, upk_arena_printf(r->ir->arena, "%.*s %.*s",
                                        UPK_FMT(first), UPK_FMT(second))));
}

/* Words of a text: where they begin and end. */
typedef struct extent {
  size_t start, end;
} extent;

static size_t split_words(upk_str text, extent *words, size_t max) {
  size_t count = 0, at = 0;
  while (at < text.len && count < max) {
    while (at < text.len && !is_alnum(lower(text.data[at])))
      at++;
    size_t start = at;
    while (at < text.len && is_alnum(lower(text.data[at])))
      at++;
    if (at > start)
      words[count++] = (extent){start, at};
  }
  return count;
}

int key_in(reader *r, upk_str text, upk_str *ret_phrase) {
  enum { WORDS = 60, LONGEST = 6 };
  extent words[WORDS];
  size_t count = split_words(text, words, WORDS);
  for (size_t len = LONGEST; len > 0; len--)
    for (size_t i = 0; i + len <= count; i++) {
      upk_str phrase = {text.data + words[i].start,
                        words[i + len - 1].end - words[i].start};
      int key = look_up(r, key_normal(r, phrase));
      if (key < 0 || key >= KEY_IGNORED)
        continue;
      *ret_phrase = phrase;
      return key;
    }
  return -1;
}

upk_str target_named(const reader *r, upk_str text) {
  upk_str wanted = upk_str_trim(text);
  for (size_t i = 0; i < r->ir->project.targets.len; i++) {
    upk_str name = r->ir->project.targets.items[i].name;
    bool same = name.len == wanted.len;
    for (size_t n = 0; same && n < name.len; n++)
      same = lower(name.data[n]) == lower(wanted.data[n]);
    if (same)
      return name;
  }
  return UPK_NO_STR;
}
