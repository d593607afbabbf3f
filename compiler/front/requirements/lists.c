/* Values that are lists: protected tables, regimes, contacts, retention. */
#include <string.h>

#include "front/requirements/private.h"

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool starts_with(upk_str text, const char *phrase) {
  size_t len = strlen(phrase);
  if (text.len < len)
    return false;
  for (size_t i = 0; i < len; i++)
    if (lower(text.data[i]) != phrase[i])
      return false;
  return true;
}

/* The next item of a list: up to a comma, a semicolon or " and ", outside of
 * parentheses. */
static piece next_item(piece *rest, bool split_and) {
  size_t depth = 0, at = 0, width = 0;
  upk_str text = rest->text;
  for (; at < text.len; at++) {
    char c = text.data[at];
    upk_str here = {text.data + at, text.len - at};
    depth += c == '(';
    depth -= depth && c == ')';
    width = depth                                      ? 0
            : c == ',' || c == ';'                     ? 1
            : split_and && starts_with(here, " and ")  ? 5
            : split_and && starts_with(here, " & ")    ? 3
            : split_and && starts_with(here, " or ")   ? 4
            : split_and && starts_with(here, " nor ")  ? 5
            : split_and && starts_with(here, " plus ") ? 6
                                                       : 0;
    if (width)
      break;
  }
  piece item = piece_trim(piece_part(*rest, 0, at));
  *rest = piece_part(*rest, at + width, text.len);
  if (split_and && starts_with(item.text, "and "))
    item = piece_trim(piece_part(item, 4, item.text.len));
  if (split_and && starts_with(item.text, "or "))
    item = piece_trim(piece_part(item, 3, item.text.len));
  return item;
}

/* What stands in parentheses, or behind " - ", is a remark. */
static piece without_remark(piece item) {
  for (size_t i = 0; i < item.text.len; i++) {
    upk_str here = {item.text.data + i, item.text.len - i};
    if (item.text.data[i] == '(' || starts_with(here, " - "))
      return piece_trim(piece_part(item, 0, i));
  }
  return item;
}

/* ---- protected ---- */

static bool is_name_byte(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
         ((unsigned char)c & 0x80) || strchr("_.*?$-", c) != NULL;
}

/* "No maintenance on Fridays", "on the first of a month", "on 24 and 31
 * December" are about no table. */
static bool is_no_name(upk_str text) {
  static const char *const words[] = {
      "monday",    "tuesday",  "wednesday",  "thursday",  "friday",
      "saturday",  "sunday",   "weekend",    "weekday",   "holiday",
      "workday",   "easter",   "christmas",  "anything",  "it",
      "them",      "this",     "these",      "those",     "everything",
      "day",       "night",    "production", "data",      "first",
      "second",    "third",    "fourth",     "last",      "next",
      "week",      "month",    "quarter",    "year",      "end",
      "beginning", "start",    "morning",    "afternoon", "evening",
      "noon",      "midnight", "lunchtime",  "payday",    "date",
      "january",   "february", "march",      "april",     "may",
      "june",      "july",     "august",     "september", "october",
      "november",  "december", "database",   "server",    "system"};
  if (text.len && text.data[0] >= '0' && text.data[0] <= '9')
    return true;
  upk_str single = text;
  if (single.len > 3 && lower(single.data[single.len - 1]) == 's')
    single.len--;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (word_is(text, words[i]) || word_is(single, words[i]))
      return true;
  return false;
}

/* One name, with words such as "table" around it. */
static bool take_name(piece item, piece *ret_name, bool *ret_schema) {
  static const char *const words[] = {
      "the table ",    "the tables ",    "table ",         "tables ",    "in ",
      "any table in ", "all tables in ", "everything in ", "the ",       "all ",
      "any ",          "anything in ",   "index ",         "indexes of "};
  static const char *const behind[] = {" table", " tables", " and its indexes",
                                       " is", " are"};
  bool all = false;
  *ret_schema = false;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (starts_with(item.text, words[i])) {
      all = all || strstr(words[i], " in ") != NULL;
      item = piece_trim(piece_part(item, strlen(words[i]), item.text.len));
      i = SIZE_MAX;
    }
  if (starts_with(item.text, "schema ")) {
    item = piece_trim(piece_part(item, 7, item.text.len));
    *ret_schema = true;
  }
  for (size_t i = 0; i < sizeof behind / sizeof *behind; i++) {
    size_t len = strlen(behind[i]);
    if (item.text.len <= len ||
        !starts_with((upk_str){item.text.data + item.text.len - len, len},
                     behind[i]))
      continue;
    item = piece_trim(piece_part(item, 0, item.text.len - len));
    i = SIZE_MAX; /* from the first again */
  }
  while (item.text.len && item.text.data[item.text.len - 1] == '.')
    item = piece_part(item, 0, item.text.len - 1);
  for (size_t i = 0; i < item.text.len; i++)
    if (!is_name_byte(item.text.data[i]))
      return false;
  if (is_no_name(item.text))
    return false;
  *ret_schema = *ret_schema || all;
  *ret_name = item;
  return item.text.len > 0;
}

static bool read_protected(reader *r, const setting *at, piece value) {
  piece rest = value, name;
  size_t good = 0, seen = 0;
  bool schema;
  if (read_recurring(r, at, value)) /* "no maintenance on Fridays" */
    return true;
  while (rest.text.len) {
    piece item = without_remark(next_item(&rest, true));
    if (!item.text.len)
      continue;
    seen++;
    if (word_is(item.text, "none")) {
      good++;
      continue;
    }
    if (!take_name(item, &name, &schema)) {
      unread(r, item, IR_REQUIREMENT_protected, NULL);
      continue;
    }
    good++;
    upk_str text =
        schema ? upk_arena_printf(r->ir->arena, "%.*s.*", UPK_FMT(name.text))
               : name.text;
    add_item(r, IR_REQUIREMENT_protected, at, UPK_NO_STR, 0, text, name);
  }
  return seen > 0;
}

/* ---- regimes ---- */

static const struct {
  const char *written, *name; /* written: normalised */
} regimes[] = {
    {"pci dss", "PCI-DSS"},
    {"pci", "PCI-DSS"},
    {"hipaa", "HIPAA"},
    {"gdpr", "GDPR"},
    {"dsgvo", "GDPR"},
    {"ds gvo", "GDPR"},
    {"rgpd", "GDPR"},
    {"uk gdpr", "UK-GDPR"},
    {"sox", "SOX"},
    {"sarbanes oxley", "SOX"},
    {"soc 2", "SOC2"},
    {"soc2", "SOC2"},
    {"soc 2 type ii", "SOC2"},
    {"soc 2 type 2", "SOC2"},
    {"soc 1", "SOC1"},
    {"iso 27001", "ISO-27001"},
    {"iso27001", "ISO-27001"},
    {"iso iec 27001", "ISO-27001"},
    {"iso 27701", "ISO-27701"},
    {"iso 9001", "ISO-9001"},
    {"fedramp", "FedRAMP"},
    {"nis2", "NIS2"},
    {"nis 2", "NIS2"},
    {"dora", "DORA"},
    {"ccpa", "CCPA"},
    {"cpra", "CPRA"},
    {"bdsg", "BDSG"},
    {"hitrust", "HITRUST"},
    {"hitech", "HITECH"},
    {"glba", "GLBA"},
    {"ferpa", "FERPA"},
    {"fisma", "FISMA"},
    {"basel iii", "Basel-III"},
    {"bcbs 239", "BCBS-239"},
    {"mifid ii", "MiFID-II"},
    {"mifid", "MiFID"},
    {"psd2", "PSD2"},
    {"gxp", "GxP"},
    {"21 cfr part 11", "21-CFR-11"},
    {"21 cfr 11", "21-CFR-11"},
    {"nist 800 53", "NIST-800-53"},
    {"nist csf", "NIST-CSF"},
    {"nist sp 800 53", "NIST-800-53"},
    {"cmmc", "CMMC"},
    {"tisax", "TISAX"},
    {"bsi c5", "C5"},
    {"c5", "C5"},
    {"lgpd", "LGPD"},
    {"pipeda", "PIPEDA"},
    {"finra", "FINRA"},
    {"gobd", "GoBD"},
    {"kritis", "KRITIS"},
    {"iec 62443", "IEC-62443"},
    {"iatf 16949", "IATF-16949"},
};

/* "PCI DSS 4.0", "PCI-DSS v4": the version is a part of what is written. */
static upk_str regime_of(reader *r, upk_str text) {
  upk_str normal = key_normal(r, text);
  for (size_t pass = 0; pass < 2; pass++) {
    for (size_t i = 0; i < sizeof regimes / sizeof *regimes; i++) {
      size_t len = strlen(regimes[i].written);
      bool whole = upk_str_is(normal, regimes[i].written);
      bool version =
          pass && normal.len > len + 1 &&
          upk_str_starts(normal, regimes[i].written) &&
          normal.data[len] == ' ' &&
          (normal.data[len + 1] == 'v' ||
           (normal.data[len + 1] >= '0' && normal.data[len + 1] <= '9')) &&
          normal.len - len <= 8;
      if (whole || version)
        return upk_str_from(regimes[i].name);
    }
  }
  return UPK_NO_STR;
}

static bool read_compliance(reader *r, const setting *at, piece value) {
  piece rest = value;
  size_t seen = 0;
  while (rest.text.len) {
    piece item = without_remark(next_item(&rest, true));
    if (!item.text.len)
      continue;
    seen++;
    while (item.text.len && item.text.data[item.text.len - 1] == '.')
      item = piece_part(item, 0, item.text.len - 1);
    upk_str name = regime_of(r, item.text);
    if (name.data)
      add_item(r, IR_REQUIREMENT_compliance, at, UPK_NO_STR, 0, name, item);
    else if (!word_is(item.text, "none"))
      unread(r, item, IR_REQUIREMENT_compliance, NULL);
  }
  return seen > 0;
}

static bool read_contacts(reader *r, const setting *at, piece value) {
  piece rest = value;
  size_t seen = 0;
  while (rest.text.len) {
    piece item = next_item(&rest, false);
    if (!item.text.len)
      continue;
    seen++;
    add_item(r, IR_REQUIREMENT_contacts, at, UPK_NO_STR, 0, item.text, item);
  }
  return seen > 0;
}

bool read_list(reader *r, ir_requirement_key key, const setting *at,
               piece value) {
  return key == IR_REQUIREMENT_protected    ? read_protected(r, at, value)
         : key == IR_REQUIREMENT_compliance ? read_compliance(r, at, value)
                                            : read_contacts(r, at, value);
}

/* ---- retention ---- */

static bool is_retention_filler(cursor *c) {
  static const char *const words[] = {
      "keep",        "kept",       "is kept",   "are kept",
      "retain",      "retained",   "for",       "at least",
      "table",       "tables",     "the",       "in",
      "is",          "are",        "must",      "be",
      "of",          "rows",       "records",   "data",
      "minimum",     "min",        "entries",   ":",
      "=",           "-",          ">",         "all",
      "online",      "after",      "delete",    "deleted",
      "archive",     "archived",   "purge",     "purged",
      "then",        "should",     "we",        "history",
      "to",          "older than", "retention", "period",
      "`",           ".",          "long",      "not less than",
      "no less than"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (cursor_take(c, words[i]))
      return true;
  return false;
}

/* A name in quotes at the beginning, which may hold spaces. */
static upk_str take_quoted(piece *item) {
  upk_str text = item->text;
  size_t end = 1;
  if (!text.len || !strchr("\"'`", text.data[0]))
    return UPK_NO_STR;
  while (end < text.len && text.data[end] != text.data[0])
    end++;
  if (end >= text.len || end < 2)
    return UPK_NO_STR;
  *item = piece_part(*item, end + 1, text.len);
  return (upk_str){text.data + 1, end - 1};
}

static bool is_copy_word(upk_str word) {
  static const char *const words[] = {
      "backup", "backups", "dump",     "dumps",   "snapshots", "wal",
      "wals",   "binlog",  "snapshot", "binlogs", "copies",    "copy"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (word_is(word, words[i]))
      return true;
  return false;
}

/* "Backups are kept for 35 days", "Backup files | 5 weeks": no table, unless it
 * is quoted or has its schema. */
static bool is_copy(upk_str name) {
  for (size_t start = 0, at = 0; at <= name.len; at++) {
    if (at < name.len && name.data[at] != ' ' && name.data[at] != '-')
      continue;
    if (is_copy_word((upk_str){name.data + start, at - start}))
      return true;
    start = at + 1;
  }
  return false;
}

/* "orders": one name, and a duration, in any order. */
static bool read_one_retention(reader *r, const setting *at, piece item) {
  const piece whole = item;
  upk_str name = at->name;
  int64_t us = 0;
  if (!name.data)
    name = take_quoted(&item);
  else if (is_copy(name))
    return false;
  cursor c = tokens_of(r, item.text);
  while (!cursor_done(&c)) {
    const token *t = cursor_peek(&c, 0);
    cursor copy = c;
    if (cursor_mark(&c, 0, '(')) /* a remark */
      break;
    if (cursor_mark(&c, 0, '-') && cursor_peek(&c, 1) &&
        c.items[c.at + 1].joined && !t->joined)
      return absurd(r, item, "`retention` cannot be less than nothing");
    if (!us && take_duration(&copy, &us)) {
      c = copy;
      continue;
    }
    if (!us &&
        (cursor_take(&c, "forever") || cursor_take(&c, "indefinitely"))) {
      us = INT64_C(200) * 366 * 86400 * 1000000;
      continue;
    }
    if (is_retention_filler(&c))
      continue;
    if (t->type != TOKEN_WORD || name.data || is_copy(t->text))
      return false;
    name = t->text;
    c.at++;
  }
  if (us <= 0)
    return false;
  if (us > INT64_C(200) * 366 * 86400 * 1000000)
    return absurd(r, item, "`retention` is longer than 200 years");
  add_item(r, IR_REQUIREMENT_retention, at, name, us, UPK_NO_STR, whole);
  return true;
}

bool read_retention(reader *r, const setting *at, piece value) {
  piece rest = value;
  size_t seen = 0, good = 0;
  while (rest.text.len) {
    piece item = next_item(&rest, false);
    if (!item.text.len)
      continue;
    seen++;
    if (read_one_retention(r, at, item))
      good++;
    else if (seen > 1 || rest.text.len)
      unread(r, item, IR_REQUIREMENT_retention, NULL), good++;
  }
  return seen > 0 && good == seen;
}
