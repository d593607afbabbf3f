#include "front/schema_forms.h"

#include <string.h>

#include "expr.h"
#include "folder.h"
#include "program.h"

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool only(upk_str text, const char *others) {
  for (size_t i = 0; i < text.len; i++) {
    char c = text.data[i];
    bool other = false;
    for (const char *o = others; *o != '\0'; o++)
      other = other || c == *o;
    if (!is_letter(c) && !is_digit(c) && !other)
      return false;
  }
  return text.len > 0;
}

static bool is_name(upk_str text) {
  return text.len <= 100 && only(text, "_.-") &&
         (is_letter(text.data[0]) || is_digit(text.data[0]));
}

static bool is_word(upk_str text) {
  return text.len <= 63 && only(text, "_") && !is_digit(text.data[0]);
}

static bool is_path(upk_str text) {
  if (text.len == 0 || text.len > 1000 || text.data[0] == '/')
    return false;
  upk_str rest = text;
  while (rest.data != NULL) {
    upk_str part = upk_str_split(rest, '/', &rest);
    if (part.len == 0 || upk_str_is(part, "..") || upk_str_is(part, "."))
      return false;
  }
  return true;
}

static bool is_file(upk_str text) { return text.len > 0 && text.len <= 4000; }

static bool is_timezone(upk_str text) {
  return text.len <= 64 && only(text, "_/+-") && is_letter(text.data[0]);
}

/* Parts KEY=VALUE joined by ';', keys known and once each, FREQ among them.
 * Values are read where windows are evaluated. */
static bool is_rrule(upk_str text) {
  static const char *const keys[] = {
      "FREQ",  "DTSTART",  "UNTIL",     "COUNT",    "INTERVAL",
      "BYDAY", "BYSECOND", "BYMINUTE",  "BYHOUR",   "BYMONTHDAY",
      "WKST",  "BYMONTH",  "BYYEARDAY", "BYWEEKNO", "BYSETPOS"};
  enum { KEYS = sizeof keys / sizeof *keys };
  bool seen[KEYS] = {false};
  upk_str rest = text;
  while (rest.data != NULL) {
    upk_str value;
    upk_str key = upk_str_split(upk_str_split(rest, ';', &rest), '=', &value);
    size_t i = 0;
    while (i < KEYS && !upk_str_is(key, keys[i]))
      i++;
    if (i == KEYS || seen[i] || value.len == 0 || !only(value, ",+-:/_"))
      return false;
    seen[i] = true;
  }
  return seen[0];
}

/* One comparison: the operator, then digits and points. */
static bool comparison_fits(upk_str text, int64_t version, bool *ret_fits) {
  static const char *const operators[] = {">=", "<=", ">", "<", "="};
  size_t op = 0;
  while (op < 5 && !upk_str_starts(text, operators[op]))
    op++;
  if (op == 5)
    return false;
  size_t width = op < 2 ? 2 : 1;
  upk_str number = upk_str_trim((upk_str){text.data + width, text.len - width});
  for (size_t i = 0; i < number.len; i++)
    if (!is_digit(number.data[i]) && number.data[i] != '.')
      return false;
  int64_t wanted;
  if (!upk_version_parse(number, &wanted))
    return false;
  const bool results[] = {version >= wanted, version <= wanted,
                          version > wanted, version < wanted,
                          version == wanted};
  *ret_fits = results[op];
  return true;
}

bool versions_fit(upk_str wanted, int64_t version, bool *ret_fits) {
  bool all = true;
  upk_str rest = wanted;
  while (rest.data != NULL) {
    upk_str part = upk_str_trim(upk_str_split(rest, ',', &rest));
    bool fits;
    if (!comparison_fits(part, version, &fits))
      return false;
    all = all && fits;
  }
  *ret_fits = all;
  return wanted.data != NULL;
}

static bool is_versions(upk_str text) {
  bool fits;
  return versions_fit(text, 0, &fits);
}

static bool is_code(upk_str text) {
  if (text.len != 7 || !upk_str_starts(text, "UPK"))
    return false;
  for (size_t i = 3; i < text.len; i++)
    if (!is_digit(text.data[i]))
      return false;
  return true;
}

static bool is_pattern(upk_str text) {
  return text.len <= 200 && only(text, "_.-*?[]!");
}

static bool is_version(upk_str text) {
  int64_t version;
  return text.len > 0 && upk_version_parse(text, &version);
}

static bool is_commit(upk_str text) {
  for (size_t i = 0; i < text.len; i++)
    if (!is_digit(text.data[i]) &&
        !(text.data[i] >= 'a' && text.data[i] <= 'f'))
      return false;
  return text.len == 40;
}

/* https://, ssh://, file://, HOST:PATH or a path; nothing that git could take
 * for a flag or for a helper of its own (ext::). */
static bool is_git(upk_str text) {
  static const char *const schemes[] = {"https://", "ssh://", "file://"};
  if (!text.len || text.len > 1000 || text.data[0] == '-')
    return false;
  for (size_t i = 0; i < text.len; i++)
    if ((unsigned char)text.data[i] <= ' ' || text.data[i] == 127)
      return false;
  for (size_t i = 0; i < 3; i++)
    if (upk_str_starts(text, schemes[i]))
      return text.len > strlen(schemes[i]);
  return !strstr(text.data, "://") && !strstr(text.data, "::");
}

const schema_form form_commit = {
    is_commit, "the 40 hex digits of a commit: branches and tags move",
    "^[0-9a-f]{40}$"};
const schema_form form_git = {
    is_git,
    "an address that begins with https://, ssh:// or file://, or "
    "HOST:PATH, or a path",
    "^(?!-)((https|ssh|file)://[^ ]+|(?!.*(://|::))[^ ]+)$"};
const schema_form form_code = {is_code, "a code such as UPK1504",
                               "^UPK[0-9]{4}$"};
const schema_form form_pattern = {
    is_pattern, "the name of a policy, or a pattern such as `lean-*`",
    "^[A-Za-z0-9_.*?!\\[\\]-]{1,200}$"};
const schema_form form_version = {is_version, "a version such as 16.4",
                                  "^[0-9]{1,6}([^0-9].*)?$"};
const schema_form form_name = {is_name,
                               "a name of letters, digits, `-`, `_` and `.`",
                               "^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"};
const schema_form form_word = {is_word, "a word of letters, digits and `_`",
                               "^[A-Za-z_][A-Za-z0-9_]{0,62}$"};
const schema_form form_path = {is_path, "a path below the project folder",
                               "^(?!/)(?!(.*/)?\\.\\.?(/|$)).+$"};
const schema_form form_file = {is_file, "a path", "^.+$"};
const schema_form form_program = {upk_program_good,
                                  "an absolute path, or a name without a path",
                                  "^(/([^/]+/)*)?[^/]+$"};
const schema_form form_folder = {upk_folder_good,
                                 "an absolute path of a folder", "^(/[^/]+)+$"};
const schema_form form_rrule = {
    is_rrule, "a recurrence rule such as FREQ=DAILY;BYHOUR=2",
    "^([A-Z]+=[^;=]+;)*FREQ=[A-Z]+(;[A-Z]+=[^;=]+)*$"};
const schema_form form_timezone = {is_timezone,
                                   "a time zone such as Europe/Berlin",
                                   "^[A-Za-z][A-Za-z0-9_/+-]{0,63}$"};
const schema_form form_versions = {
    is_versions, "a version range such as `>= 0.1, < 1`",
    "^ *(>=|>|<=|<|=) *[0-9.]+ *(, *(>=|>|<=|<|=) *[0-9.]+ *)*$"};
