#include "child_frame.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "json.h"

enum { FRAME_WHOLE_BYTES = 32 * 1024 };

void frame_put_u64(unsigned char bytes[8], uint64_t value) {
  for (int i = 0; i < 8; i++)
    bytes[i] = (unsigned char)(value >> (8 * i));
}

uint64_t frame_get_u64(const unsigned char bytes[8]) {
  uint64_t value = 0;
  for (int i = 0; i < 8; i++)
    value |= (uint64_t)bytes[i] << (8 * i);
  return value;
}

void frame_head_decode(const unsigned char head[FRAME_HEAD_BYTES],
                       frame_type *ret_type, uint64_t *ret_len) {
  *ret_type = (frame_type)head[0];
  *ret_len = frame_get_u64(head + 1);
}

/* write() and not send(): the child may not call the latter. The parent
 * ignores SIGPIPE while it has a child. */
static bool write_all(int socket, const char *bytes, size_t len) {
  while (len) {
    ssize_t done = write(socket, bytes, len);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return false;
    bytes += done;
    len -= (size_t)done;
  }
  return true;
}

static char *put(char *at, const void *bytes, size_t len) {
  if (len)
    memcpy(at, bytes, len);
  return at + len;
}

/* A short frame goes in one piece: each write wakes the other side. */
bool frame_write(int socket, frame_type type, upk_str head, upk_str payload) {
  unsigned char begin[FRAME_HEAD_BYTES] = {(unsigned char)type};
  char whole[FRAME_WHOLE_BYTES];
  frame_put_u64(begin + 1, head.len + payload.len);
  if (sizeof begin + head.len + payload.len <= sizeof whole) {
    char *at = put(put(whole, begin, sizeof begin), head.data, head.len);
    at = put(at, payload.data, payload.len);
    return write_all(socket, whole, (size_t)(at - whole));
  }
  return write_all(socket, (const char *)begin, sizeof begin) &&
         write_all(socket, head.data, head.len) &&
         write_all(socket, payload.data, payload.len);
}

/* Whether there is something to read, or an end. */
static bool wait_for_bytes(int socket, int silent_ms, bool *ret_silent) {
  struct pollfd entry = {.fd = socket, .events = POLLIN};
  for (;;) {
    int ready = poll(&entry, 1, silent_ms);
    if (ready > 0)
      return true;
    if (ready == 0)
      *ret_silent = true;
    if (ready == 0 || errno != EINTR)
      return false;
  }
}

bool frame_read(int socket, void *bytes, size_t len, int silent_ms,
                bool *ret_silent) {
  char *at = bytes;
  while (len) {
    if (silent_ms >= 0 && !wait_for_bytes(socket, silent_ms, ret_silent))
      return false;
    ssize_t got = read(socket, at, len);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return false;
    at += got;
    len -= (size_t)got;
  }
  return true;
}

/* ---- the request ---- */

void request_encode(const upk_compile_request *request, bool with_facts,
                    upk_buf *out) {
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(out));
  char at_us[24]; /* as text: it may exceed what canonical JSON counts */
  snprintf(at_us, sizeof at_us, "%lld", (long long)request->at_us);
  upk_json_begin_object(w);
  upk_json_put_string(w, "act", request->act);
  upk_json_put_bool(w, "all_attributes", request->all_attributes);
  upk_json_put_string(w, "at_us", upk_str_from(at_us));
  upk_json_put_string(w, "dump_after", request->dump_after);
  upk_json_put_string(w, "except", request->except);
  upk_json_put_string(w, "facts_path", request->facts_path);
  upk_json_put_string(w, "format", request->format);
  if (request->history.data)
    upk_json_put_string(w, "history", request->history);
  upk_json_put_int(w, "mode", request->mode);
  upk_json_put_string(w, "only", request->only);
  upk_json_put_string(w, "project", request->project);
  if (request->spent.data)
    upk_json_put_string(w, "spent", request->spent);
  upk_json_put_bool(w, "stdlib_from_source", request->stdlib_from_source);
  if (request->steps.data)
    upk_json_put_string(w, "steps", request->steps);
  upk_json_put_string(w, "target", request->target);
  upk_json_put_int(w, "test", (int64_t)request->test);
  if (request->windows.data)
    upk_json_put_string(w, "windows", request->windows);
  upk_json_put_string(w, "with", request->with);
  upk_json_put_bool(w, "with_facts", with_facts);
  upk_json_put_string(w, "word", request->word);
  if (request->words.data)
    upk_json_put_string(w, "words", request->words);
  upk_json_end_object(w);
  upk_json_newline(w);
  upk_json_writer_close(w);
}

bool request_decode(upk_arena *arena, upk_str bytes,
                    upk_compile_request *ret_request, bool *ret_with_facts) {
  upk_json_error error;
  const upk_json *tree = upk_json_parse(arena, bytes, &error);
  int64_t mode = upk_json_number(tree, "mode", -1);
  upk_str at_us = upk_json_text(tree, "at_us");
  if (!tree || mode < 0 || mode > UPK_COMPILE_PRIVILEGES || !at_us.data)
    return false;
  *ret_with_facts = upk_json_flag(tree, "with_facts", false);
  *ret_request = (upk_compile_request){
      .mode = (upk_compile_mode)mode,
      .project = upk_json_text(tree, "project"),
      .target = upk_json_text(tree, "target"),
      .facts_path = upk_json_text(tree, "facts_path"),
      .at_us = strtoll(upk_arena_copy(arena, at_us).data, NULL, 10),
      .act = upk_json_text(tree, "act"),
      .with = upk_json_text(tree, "with"),
      .only = upk_json_text(tree, "only"),
      .except = upk_json_text(tree, "except"),
      .windows = upk_json_text(tree, "windows"),
      .history = upk_json_text(tree, "history"),
      .spent = upk_json_text(tree, "spent"),
      .word = upk_json_text(tree, "word"),
      .format = upk_json_text(tree, "format"),
      .words = upk_json_text(tree, "words"),
      .steps = upk_json_text(tree, "steps"),
      .test = (size_t)upk_json_number(tree, "test", 0),
      .dump_after = upk_json_text(tree, "dump_after"),
      .all_attributes = upk_json_flag(tree, "all_attributes", false),
      .stdlib_from_source = upk_json_flag(tree, "stdlib_from_source", false),
  };
  return true;
}
