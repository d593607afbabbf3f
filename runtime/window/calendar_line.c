/* Lines of an iCalendar file. Folding and numbers of lines are our own, so that
 * a message can name the place; what a line says is libical's to read. */
#include <libical/ical.h>
#include <string.h>
#include <strings.h>

#include "window/calendar.h"

bool calendar_same(upk_str a, upk_str b) {
  return a.len == b.len && strncasecmp(a.data, b.data, a.len) == 0;
}

bool calendar_is(upk_str text, const char *word) {
  return calendar_same(text, upk_str_from(word));
}

calendar_lines calendar_begin(upk_arena *arena, upk_str bytes) {
  if (upk_str_starts(bytes, "\xef\xbb\xbf")) /* a byte order mark */
    bytes = (upk_str){bytes.data + 3, bytes.len - 3};
  return (calendar_lines){arena, bytes, 0};
}

static upk_str take_line(calendar_lines *lines) {
  upk_str line = upk_str_split(lines->rest, '\n', &lines->rest);
  lines->number++;
  if (line.len && line.data[line.len - 1] == '\r')
    line.len--;
  return line;
}

static bool folds(upk_str rest) {
  return rest.len && (rest.data[0] == ' ' || rest.data[0] == '\t');
}

/* Up to the first ':' outside quotes. */
static void split(calendar_line *line) {
  bool quoted = false;
  size_t at = 0, name = 0;
  while (at < line->text.len && (quoted || line->text.data[at] != ':')) {
    char c = line->text.data[at];
    quoted ^= c == '"';
    if (!name && c == ';')
      name = at;
    at++;
  }
  line->name = (upk_str){line->text.data, name ? name : at};
  line->value = at < line->text.len ? (upk_str){line->text.data + at + 1,
                                                line->text.len - at - 1}
                                    : UPK_STR("");
}

bool calendar_next_line(calendar_lines *lines, calendar_line *ret) {
  upk_str first = UPK_STR("");
  while (lines->rest.data && !first.len)
    first = take_line(lines);
  if (!first.len)
    return false;
  *ret = (calendar_line){.number = lines->number, .text = first};
  if (folds(lines->rest)) {
    upk_buf text = {0};
    upk_buf_str(&text, first);
    while (folds(lines->rest)) {
      upk_str more = take_line(lines);
      upk_buf_str(&text, (upk_str){more.data + 1, more.len - 1});
    }
    ret->text = upk_arena_copy(lines->arena, upk_buf_view(&text));
    upk_buf_free(&text);
  } else {
    ret->text = upk_arena_copy(lines->arena, first);
  }
  split(ret);
  return true;
}

/* Of the parameters alone: a list of a thousand times stands behind some. */
upk_str calendar_parameter(upk_arena *arena, const calendar_line *line,
                           const char *name) {
  upk_str value = UPK_NO_STR;
  size_t len = line->text.len - line->name.len - line->value.len;
  if (!len || line->text.data[line->name.len] != ';')
    return value;
  upk_str head = upk_arena_printf(arena, "X-A%.*sx", (int)len,
                                  line->text.data + line->name.len);
  icalproperty *property = icalproperty_new_from_string(head.data);
  if (!property)
    return value;
  char *text = icalproperty_get_parameter_as_string_r(property, name);
  if (text)
    value = upk_arena_copy(arena, upk_str_from(text));
  icalmemory_free_buffer(text);
  icalproperty_free(property);
  if (value.len >= 2 && value.data[0] == '"' && upk_str_ends(value, "\""))
    value = upk_arena_copy(arena, (upk_str){value.data + 1, value.len - 2});
  return value;
}

upk_str calendar_text(upk_arena *arena, const calendar_line *line) {
  upk_str value = line->value;
  icalproperty *property = icalproperty_new_from_string(line->text.data);
  icalvalue *read = property ? icalproperty_get_value(property) : NULL;
  if (read && icalvalue_isa(read) == ICAL_TEXT_VALUE)
    value = upk_arena_copy(arena, upk_str_from(icalvalue_get_text(read)));
  if (property)
    icalproperty_free(property);
  return value;
}

bool calendar_duration(const calendar_line *line, upk_str value,
                       int64_t *ret_days, int64_t *ret_s) {
  char text[64];
  (void)line;
  if (!value.len || value.len >= sizeof text)
    return false;
  memcpy(text, value.data, value.len);
  text[value.len] = '\0';
  struct icaldurationtype duration = icaldurationtype_from_string(text);
  if (icaldurationtype_is_bad_duration(duration) || duration.is_neg ||
      duration.weeks > 5200 || duration.days > 36600)
    return false;
  *ret_days = (int64_t)duration.weeks * 7 + duration.days;
  *ret_s = (int64_t)duration.hours * 3600 + (int64_t)duration.minutes * 60 +
           duration.seconds;
  return *ret_s >= 0 && *ret_s < INT64_C(36600) * 86400 &&
         (*ret_days || *ret_s);
}
