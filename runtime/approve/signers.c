#include "approve/signers.h"

#include <errno.h>
#include <string.h>

#include "approve/trusted.h"
#include "quote.h"
#include "timefmt.h"

/* ---- the file ---- */

static bool no_signers(upk_diags *diags, const signers *s, const char *wrong) {
  upk_diag *diag =
      upk_diag_add(diags, 3303, UPK_NO_SPAN, "the allowed signers `%.*s` %s",
                   UPK_FMT(s->path), wrong);
  upk_diag_help(diags, diag,
                "write a line for each reviewer: NAME and the public key, as "
                "in `ann@example.com ssh-ed25519 AAAA...`");
  return false;
}

static bool malformed(upk_diags *diags, const signers *s, upk_str text,
                      uint32_t line, const char *wrong) {
  uint32_t source = upk_diags_source(diags, s->path, text);
  upk_span at = {source, line, 1, line, 2};
  upk_diag *diag = upk_diag_add(
      diags, 3304, at, "line %u of the allowed signers: %s", line, wrong);
  upk_diag_help(diags, diag,
                "mend or remove the line; until then no signature counts");
  return false;
}

static void check_lines(upk_diags *diags, signers *s, upk_str text) {
  size_t keys = 0, failures = diags->failures;
  uint32_t number = 0;
  upk_str rest = text;
  while (rest.data) {
    bool key;
    const char *wrong = signers_line(upk_str_split(rest, '\n', &rest), &key);
    number++;
    keys += key;
    if (wrong)
      malformed(diags, s, text, number, wrong);
  }
  if (diags->failures == failures && !keys)
    no_signers(diags, s, "have no key");
}

/* ---- ssh-keygen ---- */

static upk_str last_line(upk_str text) {
  upk_str rest = upk_str_trim(text), line = UPK_STR("");
  while (rest.data)
    line = upk_str_split(rest, '\n', &rest);
  if (line.len > 200)
    line.len = 200;
  return upk_str_trim(line);
}

static bool call(tool_box *box, upk_diags *diags, const char **words,
                 upk_str input, bool people, tool_result *ret_result) {
  upk_str program = tool_find(box, "ssh-keygen");
  if (!program.data) {
    upk_diag *diag =
        upk_diag_add(diags, 3312, UPK_NO_SPAN, "ssh-keygen is not installed");
    upk_diag_help(diags, diag,
                  "install OpenSSH 8.9 or later (Debian: "
                  "openssh-client)");
    return false;
  }
  words[0] = program.data;
  if (tool_run(box, words, input, people, ret_result) && !ret_result->late)
    return true;
  upk_diag *diag = upk_diag_add(diags, 3313, UPK_NO_SPAN,
                                "ssh-keygen gave no answer in time");
  upk_diag_help(diags, diag,
                "look at the room and the rights in /tmp, and at "
                "whether the key's agent answers");
  return false;
}

/* ---- revoked keys ---- */

static bool no_revoked(upk_diags *diags, const signers *s, upk_str wrong) {
  upk_diag *diag =
      upk_diag_add(diags, 3324, UPK_NO_SPAN, "the revoked keys `%.*s` %.*s",
                   UPK_FMT(s->revoked), UPK_FMT(wrong));
  upk_diag_help(diags, diag,
                "restore the file, or make it anew: `ssh-keygen -k -f %.*s "
                "KEY.pub ...`; until then no signature counts",
                UPK_FMT(s->revoked));
  return false;
}

/* A revocation list, or public keys, a line each. Of a text ssh-keygen would
 * pass over what is no key; of a damaged list it would revoke everybody. */
static void check_revoked(tool_box *box, upk_diags *diags, signers *s) {
  static const upk_str magic = {"SSHKRL\n", 7};
  upk_str bytes;
  int error;
  tool_result result;
  if (!trusted_read(box->arena, diags, s->revoked, s->folder, s->own, &bytes,
                    &error)) {
    if (error)
      no_revoked(
          diags, s,
          upk_arena_printf(box->arena, "cannot be read: %s", strerror(error)));
    return;
  }
  s->revoked_copy = tool_file(box, bytes);
  const char *words[] = {NULL, "-Q", "-l", "-f", s->revoked_copy.data, NULL};
  bool list =
      bytes.len >= magic.len && memcmp(bytes.data, magic.data, magic.len) == 0;
  uint32_t line = list ? 0 : signers_plain_keys(bytes);
  if (line)
    no_revoked(diags, s,
               upk_arena_printf(box->arena,
                                "are no revocation list, and line %u is no "
                                "public key",
                                line));
  else if (list && call(box, diags, words, UPK_NO_STR, false, &result) &&
           result.code != 0)
    no_revoked(diags, s, UPK_STR("are a damaged revocation list"));
}

bool signers_check(tool_box *box, upk_diags *diags, signers *s) {
  size_t failures = diags->failures;
  upk_str text;
  int error;
  if (!trusted_read(box->arena, diags, s->path, s->folder, s->own, &text,
                    &error)) {
    if (error)
      no_signers(diags, s, error == ENOENT ? "are not there" : strerror(error));
  } else if (!text.len)
    no_signers(diags, s, "are empty");
  else
    check_lines(diags, s, text);
  if (diags->failures == failures)
    s->copy = tool_file(box, text);
  if (s->revoked.data)
    check_revoked(box, diags, s);
  s->good = diags->failures == failures;
  return s->good;
}

/* ---- whose a signature is ---- */

/* ssh-keygen's form of a moment, in UTC. */
static upk_str verify_time(upk_arena *arena, int64_t now_us) {
  upk_buf text = {0}, option = {0};
  upk_timestamp_format(now_us - now_us % 1000000, &text);
  upk_buf_str(&option, UPK_STR("-Overify-time="));
  for (size_t i = 0; i < text.len; i++)
    if (text.data[i] != '-' && text.data[i] != ':' && text.data[i] != 'T')
      upk_buf_char(&option, text.data[i]);
  upk_str copy = upk_arena_copy(arena, upk_buf_view(&option));
  upk_buf_free(&text);
  upk_buf_free(&option);
  return copy;
}

typedef struct question {
  tool_box *box;
  upk_diags *diags;
  const signers *s;
  upk_str signature, bytes, time; /* the first two: paths */
} question;

/* 1 yes, 0 no, -1 not asked. */
static int verifies(const question *q, upk_str principal, bool with_revoked,
                    upk_str *ret_said) {
  tool_result result;
  const char *words[] = {
      NULL,
      "-Y",
      "verify",
      "-f",
      q->s->copy.data,
      "-I",
      principal.data,
      "-n",
      SIGNERS_NAMESPACE,
      "-s",
      q->signature.data,
      q->time.data,
      with_revoked && q->s->revoked.data ? "-r" : NULL,
      with_revoked && q->s->revoked.data ? q->s->revoked_copy.data : NULL,
      NULL};
  if (!call(q->box, q->diags, words, q->bytes, false, &result))
    return -1;
  *ret_said = last_line(result.err.len ? result.err : result.out);
  return result.code == 0;
}

/* Whether the bytes are what was signed, whoever did. */
static int is_genuine(const question *q) {
  tool_result result;
  const char *words[] = {NULL,
                         "-Y",
                         "check-novalidate",
                         "-n",
                         SIGNERS_NAMESPACE,
                         "-s",
                         q->signature.data,
                         NULL};
  if (!call(q->box, q->diags, words, q->bytes, false, &result))
    return -1;
  return result.code == 0;
}

static bool ask_principal(const question *q, upk_str principal,
                          signers_answer *answer) {
  upk_arena *arena = q->box->arena;
  int good = verifies(q, principal, true, &answer->said);
  int known = good == 0 && q->s->revoked.data
                  ? verifies(q, principal, false, &answer->said)
                  : good;
  if (good < 0 || known < 0) {
    answer->verdict = SIGNERS_FAILED;
    return false;
  }
  if (!known)
    return true;
  if (good && answer->verdict != SIGNERS_GOOD)
    answer->principals.len = 0;
  if (good)
    answer->verdict = SIGNERS_GOOD;
  else if (answer->verdict != SIGNERS_GOOD)
    answer->verdict = SIGNERS_REVOKED;
  if (good || answer->verdict == SIGNERS_REVOKED)
    *UPK_PUSH(arena, &answer->principals) = principal;
  return true;
}

signers_answer signers_ask(tool_box *box, upk_diags *diags, const signers *s,
                           upk_str bytes, upk_str signature, int64_t now_us) {
  signers_answer answer = {.verdict = SIGNERS_UNKNOWN, .said = UPK_STR("")};
  question q = {box,
                diags,
                s,
                tool_file(box, signature),
                tool_file(box, bytes),
                verify_time(box->arena, now_us)};
  tool_result found;
  const char *words[] = {
      NULL, "-Y",         "find-principals", "-s", q.signature.data,
      "-f", s->copy.data, q.time.data,       NULL};
  if (!q.signature.data || !q.bytes.data ||
      !call(box, diags, words, UPK_NO_STR, false, &found)) {
    answer.verdict = SIGNERS_FAILED;
    return answer;
  }
  answer.said = last_line(found.err);
  upk_str rest = found.code == 0 ? upk_str_trim(found.out) : UPK_NO_STR;
  while (rest.data) {
    upk_str principal = upk_str_trim(upk_str_split(rest, '\n', &rest));
    if (principal.len && principal.data[0] != '!' &&
        !ask_principal(&q, upk_arena_copy(box->arena, principal), &answer))
      return answer;
  }
  if (answer.verdict != SIGNERS_UNKNOWN)
    return answer;
  int genuine = is_genuine(&q);
  answer.verdict = genuine < 0    ? SIGNERS_FAILED
                   : genuine == 0 ? SIGNERS_FORGED
                                  : SIGNERS_UNKNOWN;
  return answer;
}

upk_str signers_sign(tool_box *box, upk_diags *diags, upk_str key,
                     upk_str bytes) {
  tool_result result;
  upk_str input = tool_file(box, bytes);
  upk_str path = upk_arena_copy(box->arena, key);
  const char *words[] = {NULL, "-Y",      "sign", "-q", "-n", SIGNERS_NAMESPACE,
                         "-f", path.data, NULL};
  if (!input.data || !call(box, diags, words, input, true, &result))
    return UPK_NO_STR;
  if (result.code == 0 &&
      upk_str_starts(result.out, "-----BEGIN SSH SIGNATURE-----"))
    return result.out;
  upk_buf said = {0};
  upk_display_text(last_line(result.err), &said);
  upk_diag *diag = upk_diag_add(diags, 3314, UPK_NO_SPAN,
                                "the key `%.*s` does not sign: %.*s",
                                UPK_FMT(key), UPK_FMT(upk_buf_view(&said)));
  upk_diag_help(diags, diag,
                "name the file of your private key with --key, or of the "
                "public one when an agent has the other");
  upk_buf_free(&said);
  return UPK_NO_STR;
}
