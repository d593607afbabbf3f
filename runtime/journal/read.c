/* Records as they are read back. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/hash.h"
#include "json.h"

static void add_member(upk_sha256 *hash, const char *key, upk_str value,
                       const char *end) {
  upk_sha256_add(hash, upk_str_from(key));
  upk_sha256_add(hash, value);
  upk_sha256_add(hash, upk_str_from(end));
}

void journal_hash(const journal_text *text,
                  char ret_hash[JOURNAL_HASH_TEXT + 1]) {
  upk_sha256 *hash = upk_sha256_new();
  upk_buf number = {0};
  upk_buf_int(&number, text->seq);
  add_member(hash, "upkeep-log-v1\n{\"det\":", text->det, "");
  add_member(hash, ",\"event\":\"", text->event, "\"");
  if (text->in.data)
    add_member(hash, ",\"in\":", text->in, "");
  add_member(hash, ",\"obs\":", text->obs, "");
  if (text->in.data)
    add_member(hash, ",\"out\":\"", text->out, "\"");
  add_member(hash, ",\"prev\":\"", text->prev, "\"");
  add_member(hash, ",\"seq\":", upk_buf_view(&number), ",\"v\":1}");
  upk_buf_free(&number);
  upk_digest digest = upk_sha256_finish(hash);
  memcpy(ret_hash, digest.text + 7, JOURNAL_HASH_TEXT + 1);
}

static const struct {
  const char *key;
  upk_json_type type;
} members[] = {
    {"det", UPK_JSON_OBJECT},  {"event", UPK_JSON_STRING},
    {"hash", UPK_JSON_STRING}, {"in", UPK_JSON_ARRAY},
    {"obs", UPK_JSON_OBJECT},  {"out", UPK_JSON_STRING},
    {"prev", UPK_JSON_STRING}, {"seq", UPK_JSON_INT},
    {"v", UPK_JSON_INT},
};
enum { MEMBERS = sizeof members / sizeof *members, TRACED = 2 };

static bool known_event(upk_str event) {
  static const char *const events[] = {
#define X(name) name,
      JOURNAL_EVENT_TABLE(X)
#undef X
  };
  for (size_t i = 0; i < sizeof events / sizeof *events; i++)
    if (upk_str_is(event, events[i]))
      return true;
  return false;
}

/* `in` and `out` stand there both, or neither. */
static bool is_trace(size_t member) {
  return strcmp(members[member].key, "in") == 0 ||
         strcmp(members[member].key, "out") == 0;
}

static const char *check_form(const upk_json *value) {
  size_t count = value->type == UPK_JSON_OBJECT ? value->object.count : 0;
  if (count != MEMBERS && count != MEMBERS - TRACED)
    return "it is no record";
  for (size_t i = 0, at = 0; i < MEMBERS; i++) {
    if (count != MEMBERS && is_trace(i))
      continue;
    const upk_json_member *member = &value->object.members[at++];
    if (!upk_str_is(member->key, members[i].key) ||
        member->value->type != members[i].type)
      return "it is no record";
  }
  if (upk_json_number(value, "v", 0) != 1)
    return "its version is not known";
  return known_event(upk_json_text(value, "event")) ? NULL
                                                    : "its event is not known";
}

/* Hexadecimal digits need no escapes; whatever else stood there would not be
 * hashed as it stands. */
static bool is_plain(upk_str text) {
  for (size_t i = 0; i < text.len; i++)
    if (!strchr("0123456789abcdef", text.data[i]))
      return false;
  return true;
}

const char *journal_parse(upk_arena *arena, upk_str line,
                          journal_record *ret_record) {
  upk_json_error error = {0, NULL};
  /* The canonical form of a document ends in the newline. */
  upk_str document = {line.data, line.len + 1};
  char hash[JOURNAL_HASH_TEXT + 1];
  const upk_json *value = upk_json_parse(arena, document, &error);
  if (!value)
    return error.text ? error.text : "it is no canonical JSON";
  const char *wrong = check_form(value);
  if (wrong)
    return wrong;
  journal_record record = {
      .seq = upk_json_number(value, "seq", 0),
      .event = upk_json_text(value, "event"),
      .prev = upk_json_text(value, "prev"),
      .hash = upk_json_text(value, "hash"),
      .det = upk_json_get(value, "det"),
      .obs = upk_json_get(value, "obs"),
      .out = upk_json_text(value, "out"),
  };
  if (record.out.data) {
    record.in = upk_json_get(value, "in");
    if (!is_plain(record.out))
      return "it is no record";
  }
  journal_text text = {
      .det = record.det->bytes,
      .event = record.event,
      .in = record.in ? record.in->bytes : UPK_NO_STR,
      .obs = record.obs->bytes,
      .out = record.out,
      .prev = record.prev,
      .seq = record.seq,
  };
  journal_hash(&text, hash);
  if (!upk_str_is(record.hash, hash))
    return "its hash is not that of its content";
  *ret_record = record;
  return NULL;
}

/* ---- the chain ---- */

void journal_chain_init(journal_chain *chain) {
  *chain = (journal_chain){0};
  memset(chain->prev, '0', JOURNAL_HASH_TEXT);
}

/* What may stand behind run.end, and whether it opens the run again. */
static bool may_follow_seal(upk_str event, bool *ret_opens) {
  *ret_opens =
      upk_str_is(event, "run.resume") || upk_str_is(event, "run.rollback");
  return *ret_opens || upk_str_is(event, "run.recovered") ||
         upk_str_is(event, "step.resolve");
}

const char *journal_chain_add(journal_chain *chain,
                              const journal_record *record) {
  bool first = chain->seq == 0, opens = false;
  if (chain->sealed && !may_follow_seal(record->event, &opens))
    return "it stands behind run.end";
  if (record->seq != chain->seq + 1)
    return "its number does not follow from the one before it";
  if (!upk_str_is(record->prev, chain->prev))
    return "it does not follow from the record before it";
  if (first != upk_str_is(record->event, "run.begin"))
    return first ? "the first record is not run.begin"
                 : "run.begin is not the first record";
  chain->seq++;
  memcpy(chain->prev, record->hash.data, JOURNAL_HASH_TEXT);
  if (upk_str_is(record->event, "run.end"))
    chain->sealed = true;
  else if (opens)
    chain->sealed = false;
  return NULL;
}

int journal_read_file(const char *path, upk_buf *out) {
  int error = 0, fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  struct stat info;
  if (fd < 0)
    return errno;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    error = S_ISREG(info.st_mode) ? errno : EINVAL;
    goto out;
  }
  upk_buf_reserve(out, (size_t)info.st_size + 1);
  for (;;) {
    char block[64 * 1024];
    ssize_t count = read(fd, block, sizeof block);
    if (count == 0)
      break;
    if (count > 0)
      upk_buf_add(out, block, (size_t)count);
    else if (errno != EINTR) {
      error = errno;
      goto out;
    }
  }
out:
  close(fd);
  return error;
}
