/* The form of one line: principals, options, type of the key, key. What
 * ssh-keygen passes over with a word, a rule that people rely on must not. */
#include <ctype.h>
#include <string.h>

#include "approve/signers.h"

typedef struct cursor {
  const char *at, *end;
} cursor;

static void skip_blanks(cursor *c) {
  while (c->at < c->end && (*c->at == ' ' || *c->at == '\t'))
    c->at++;
}

/* Up to a blank; quotes hold blanks together. False when one stays open. */
static bool take_word(cursor *c, upk_str *ret_word) {
  bool quoted = false;
  const char *start = c->at;
  for (; c->at < c->end && (quoted || (*c->at != ' ' && *c->at != '\t'));
       c->at++)
    if (*c->at == '\\' && c->at + 1 < c->end && c->at[1] == '"')
      c->at++;
    else if (*c->at == '"')
      quoted = !quoted;
  *ret_word = (upk_str){start, (size_t)(c->at - start)};
  skip_blanks(c);
  return !quoted;
}

static bool is_key_type(upk_str word) {
  static const char *const types[] = {"ssh-ed25519",
                                      "ssh-rsa",
                                      "ssh-dss",
                                      "ecdsa-sha2-nistp256",
                                      "ecdsa-sha2-nistp384",
                                      "ecdsa-sha2-nistp521",
                                      "sk-ssh-ed25519@openssh.com",
                                      "sk-ecdsa-sha2-nistp256@openssh.com"};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (upk_str_is(word, types[i]))
      return true;
  return false;
}

/* ---- options ---- */

static bool is_name(upk_str option, const char *name) {
  size_t len = strlen(name);
  if (option.len != len)
    return false;
  for (size_t i = 0; i < len; i++)
    if (tolower((unsigned char)option.data[i]) != name[i])
      return false;
  return true;
}

/* YYYYMMDD or YYYYMMDDHHMM[SS], with or without Z. */
static bool is_moment(upk_str text) {
  if (text.len && text.data[text.len - 1] == 'Z')
    text.len--;
  if (text.len != 8 && text.len != 12 && text.len != 14)
    return false;
  for (size_t i = 0; i < text.len; i++)
    if (!isdigit((unsigned char)text.data[i]))
      return false;
  int month = (text.data[4] - '0') * 10 + text.data[5] - '0';
  int day = (text.data[6] - '0') * 10 + text.data[7] - '0';
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static const char *check_option(upk_str option) {
  upk_str value, name = upk_str_split(option, '=', &value);
  bool quoted = value.data && value.len >= 2 && value.data[0] == '"' &&
                value.data[value.len - 1] == '"';
  upk_str inner =
      quoted ? (upk_str){value.data + 1, value.len - 2} : UPK_NO_STR;
  if (is_name(name, "cert-authority"))
    return value.data ? "`cert-authority` takes no value" : NULL;
  if (is_name(name, "namespaces"))
    return quoted && inner.len ? NULL : "`namespaces` needs a quoted list";
  if (is_name(name, "valid-after") || is_name(name, "valid-before"))
    return quoted && is_moment(inner)
               ? NULL
               : "a date must be quoted, as \"20261231\" or \"202612312359Z\"";
  return "an option is not known";
}

static const char *check_options(upk_str word) {
  cursor c = {word.data, word.data + word.len};
  while (c.at < c.end) {
    const char *start = c.at;
    bool quoted = false;
    for (; c.at < c.end && (quoted || *c.at != ','); c.at++)
      quoted ^= *c.at == '"';
    const char *wrong = check_option((upk_str){start, (size_t)(c.at - start)});
    if (wrong)
      return wrong;
    c.at += c.at < c.end;
  }
  return NULL;
}

/* ---- keys ---- */

static int digit_of(char c) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
                               "uvwxyz0123456789+/";
  const char *at = c ? strchr(digits, c) : NULL;
  return at ? (int)(at - digits) : -1;
}

/* Bytes of base64 text into `out` (of text.len); false: it is none. */
static bool decode(upk_str text, unsigned char *out, size_t *ret_len) {
  unsigned bits = 0, held = 0;
  size_t len = 0, pads = 0;
  for (size_t i = 0; i < text.len; i++) {
    if (text.data[i] == '=') {
      pads++;
      continue;
    }
    int digit = digit_of(text.data[i]);
    if (digit < 0 || pads)
      return false;
    bits = bits << 6 | (unsigned)digit;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out[len++] = (unsigned char)(bits >> held & 0xff);
    }
  }
  *ret_len = len;
  return text.len % 4 == 0 && pads <= 2;
}

/* The type stands in the key once more; strings fill it to the end (RFC 4253,
 * 6.6). */
static bool is_key(upk_str type, upk_str text) {
  unsigned char bytes[4096];
  size_t len = 0, at = 0, parts = 0;
  if (text.len > sizeof bytes || !decode(text, bytes, &len))
    return false;
  while (at + 4 <= len) {
    size_t part = (size_t)bytes[at] << 24 | (size_t)bytes[at + 1] << 16 |
                  (size_t)bytes[at + 2] << 8 | bytes[at + 3];
    at += 4;
    if (part > len - at)
      return false;
    if (!parts++ && !upk_str_equal(type, (upk_str){(char *)bytes + at, part}))
      return false;
    at += part;
  }
  bool ed25519 = upk_str_is(type, "ssh-ed25519");
  return at == len && parts >= 2 && (!ed25519 || len == 51);
}

const char *signers_line(upk_str line, bool *ret_key) {
  cursor c = {line.data, line.data + line.len};
  upk_str word, key;
  if (line.len && line.data[line.len - 1] == '\r')
    c.end--;
  *ret_key = false;
  skip_blanks(&c);
  if (c.at == c.end || *c.at == '#')
    return NULL;
  if (!take_word(&c, &word))
    return "a quote is not closed";
  if (is_key_type(word))
    return "the principals are missing";
  if (!take_word(&c, &word))
    return "a quote is not closed";
  if (!word.len)
    return "the key is missing";
  if (!is_key_type(word)) {
    const char *wrong = check_options(word);
    if (wrong)
      return wrong;
    if (!take_word(&c, &word) || !is_key_type(word))
      return word.len ? "the type of the key is not known"
                      : "the key is missing";
  }
  if (!take_word(&c, &key) || !key.len)
    return "the key is missing";
  if (!is_key(word, key))
    return "the key is damaged";
  *ret_key = true;
  return NULL;
}

/* A list of revoked keys as text (ssh-keygen(1), KEY REVOCATION LISTS). */
uint32_t signers_plain_keys(upk_str text) {
  upk_str rest = text;
  uint32_t number = 0;
  while (rest.data) {
    upk_str type, key, line = upk_str_trim(upk_str_split(rest, '\n', &rest));
    cursor c = {line.data, line.data + line.len};
    number++;
    if (!line.len || line.data[0] == '#')
      continue;
    if (!take_word(&c, &type) || !take_word(&c, &key) || !is_key_type(type) ||
        !is_key(type, key))
      return number;
  }
  return 0;
}

/* ---- a signature's key ---- */

static bool take_string(upk_str *bytes, upk_str *ret_string) {
  const unsigned char *b = (const unsigned char *)bytes->data;
  if (bytes->len < 4)
    return false;
  size_t len = (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 |
               (size_t)b[3];
  if (len > bytes->len - 4)
    return false;
  *ret_string = (upk_str){bytes->data + 4, len};
  *bytes = (upk_str){bytes->data + 4 + len, bytes->len - 4 - len};
  return true;
}

/* How many strings a key of that type has (RFC 4253, 6.6; RFC 5656, 3.1;
 * RFC 8709, 4; PROTOCOL.u2f). */
static size_t strings_of(upk_str type) {
  return upk_str_starts(type, "ssh-ed25519") ? 1
         : upk_str_starts(type, "sk-ecdsa")  ? 3
                                             : 2;
}

/* A certificate is a nonce and then the key (PROTOCOL.certkeys). */
static upk_str bare_key(upk_str blob) {
  upk_str type, rest = blob, skipped;
  if (!take_string(&rest, &type) ||
      !upk_str_ends(type, "-cert-v01@openssh.com"))
    return rest;
  if (!take_string(&rest, &skipped))
    return UPK_NO_STR;
  upk_str begin = rest;
  for (size_t i = strings_of(type); i > 0; i--)
    if (!take_string(&rest, &skipped))
      return UPK_NO_STR;
  return (upk_str){begin.data, (size_t)(rest.data - begin.data)};
}

upk_str signers_key(upk_arena *arena, upk_str armored) {
  enum { PREAMBLE = 10 }; /* "SSHSIG", version (PROTOCOL.sshsig) */
  upk_buf text = {0};
  upk_str line, rest = armored, blob, key = UPK_NO_STR;
  while (rest.data) {
    line = upk_str_trim(upk_str_split(rest, '\n', &rest));
    if (line.len && line.data[0] != '-')
      upk_buf_str(&text, line);
  }
  unsigned char *bytes = upk_arena_alloc(arena, text.len + 1);
  size_t len = 0;
  if (text.len && decode(upk_buf_view(&text), bytes, &len) && len > PREAMBLE) {
    upk_str left = {(char *)bytes + PREAMBLE, len - PREAMBLE};
    key = take_string(&left, &blob) ? bare_key(blob) : UPK_NO_STR;
  }
  upk_buf_free(&text);
  return key;
}
