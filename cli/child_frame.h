/* Frames between the compiling child and its parent: one byte that says what
 * it is, eight bytes of length (least first), the payload. */
#ifndef CLI_CHILD_FRAME_H
#define CLI_CHILD_FRAME_H

#include <upkeep/compile.h>

typedef enum frame_type {
  FRAME_NONE = 0,
  /* to the child */
  FRAME_REQUEST = 'Q', /* canonical JSON */
  FRAME_FACTS = 'D',   /* after a request that says so: a facts file */
  FRAME_FILE = 'F',    /* one byte: FILE_*, then its bytes */
  FRAME_PATHS = 'P',   /* each ended by NUL */
  /* to the parent */
  FRAME_READ = 'r',   /* eight bytes: limit; then the path */
  FRAME_LIST = 'l',   /* a glob */
  FRAME_FAULT = 'x',  /* why the child could not lock itself in */
  FRAME_OUTPUT = 'o', /* a piece of the output */
  FRAME_DIAGS = 'd',  /* upk_diags_encode */
  FRAME_STATUS = 's', /* one byte: upk_status; the last frame */
} frame_type;

/* Of a file that was asked for. */
typedef enum file_state {
  FILE_ABSENT,
  FILE_HERE,
  FILE_TOO_LARGE,
  FILE_OUTSIDE, /* a link leads out of the folder */
  FILE_LINK,    /* a link leads nowhere */
  FILE_DENIED,  /* no permission */
  FILE_SPECIAL, /* a folder, a pipe, a device */
  FILE_DAMAGED, /* not compressed as its name says */
} file_state;

enum {
  FRAME_HEAD_BYTES = 9,
  FRAME_PATH_MAX = 4096,
  FRAME_OUTPUT_MAX = 1 << 20,
  FRAME_DIAGS_MAX = 64 << 20,
};

/* Both give false when the other side is gone. In the parent SIGPIPE must not
 * kill: see frame_send. */
bool frame_write(int socket, frame_type type, upk_str head, upk_str payload);
/* Reads exactly `len` bytes; waits at most `silent_ms` for each piece (-1: for
 * ever). *ret_silent says that it gave up waiting. */
bool frame_read(int socket, void *bytes, size_t len, int silent_ms,
                bool *ret_silent);
void frame_head_decode(const unsigned char head[FRAME_HEAD_BYTES],
                       frame_type *ret_type, uint64_t *ret_len);
void frame_put_u64(unsigned char bytes[8], uint64_t value);
uint64_t frame_get_u64(const unsigned char bytes[8]);

/* A request without its facts as canonical JSON, and back (strings in
 * `arena`); false when it is no request. `with_facts`: a frame of facts
 * follows. */
void request_encode(const upk_compile_request *request, bool with_facts,
                    upk_buf *out);
bool request_decode(upk_arena *arena, upk_str bytes,
                    upk_compile_request *ret_request, bool *ret_with_facts);

#endif
