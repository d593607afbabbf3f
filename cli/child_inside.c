/* The child itself: takes the request, locks itself in, compiles. */
#include "child.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child_frame.h"

/* ---- asking the parent for files ---- */

/* The payload of the next frame, which must be of `type`. */
static bool receive(upk_arena *arena, frame_type type, upk_str *ret_bytes) {
  unsigned char head[FRAME_HEAD_BYTES];
  frame_type got;
  uint64_t len;
  bool silent = false;
  if (!frame_read(CHILD_SOCKET, head, sizeof head, -1, &silent))
    return false;
  frame_head_decode(head, &got, &len);
  if (got != type || len > CHILD_MEMORY_BYTES)
    return false;
  char *bytes = upk_arena_alloc(arena, (size_t)len + 1);
  *ret_bytes = (upk_str){bytes, (size_t)len};
  return frame_read(CHILD_SOCKET, bytes, (size_t)len, -1, &silent);
}

/* Without a parent there is nobody to tell. */
static void ask(frame_type type, upk_str head, upk_str path, upk_arena *arena,
                frame_type answer, upk_str *ret_bytes) {
  if (!frame_write(CHILD_SOCKET, type, head, path) ||
      !receive(arena, answer, ret_bytes))
    _exit(1);
}

static file_state ask_file(upk_str path, size_t limit, upk_arena *arena,
                           upk_str *ret_bytes) {
  unsigned char bound[8];
  upk_str answer;
  frame_put_u64(bound, limit);
  ask(FRAME_READ, (upk_str){(const char *)bound, sizeof bound}, path, arena,
      FRAME_FILE, &answer);
  if (!answer.len)
    _exit(1);
  *ret_bytes = (upk_str){answer.data + 1, answer.len - 1};
  return (file_state)answer.data[0];
}

static bool read_file(void *ctx, upk_str path, size_t limit, upk_arena *arena,
                      upk_str *ret_bytes, bool *ret_too_large) {
  upk_str bytes;
  (void)ctx;
  file_state state = ask_file(path, limit, arena, &bytes);
  *ret_too_large = state == FILE_TOO_LARGE;
  if (state == FILE_HERE)
    *ret_bytes = bytes;
  return state == FILE_HERE;
}

static upk_absence absence_of(void *ctx, upk_str path) {
  static const upk_absence absences[] = {
      [FILE_OUTSIDE] = UPK_ABSENT_OUTSIDE, [FILE_LINK] = UPK_ABSENT_LINK,
      [FILE_DENIED] = UPK_ABSENT_DENIED,   [FILE_SPECIAL] = UPK_ABSENT_SPECIAL,
      [FILE_DAMAGED] = UPK_ABSENT_DAMAGED,
  };
  upk_arena *arena = upk_arena_new(NULL);
  upk_str bytes;
  (void)ctx;
  /* Whether a compressed file is whole is seen by reading it. */
  size_t limit = upk_str_ends(path, ".zst") ? CHILD_MEMORY_BYTES / 4 : 0;
  file_state state = ask_file(path, limit, arena, &bytes);
  upk_arena_free(arena);
  return state < sizeof absences / sizeof *absences ? absences[state]
                                                    : UPK_ABSENT;
}

static size_t list_files(void *ctx, upk_str glob, upk_arena *arena,
                         upk_str **ret_paths) {
  UPK_VEC(upk_str) paths = {0};
  upk_str answer;
  (void)ctx;
  ask(FRAME_LIST, UPK_STR(""), glob, arena, FRAME_PATHS, &answer);
  while (answer.len) {
    size_t len = strnlen(answer.data, answer.len);
    *UPK_PUSH(arena, &paths) = (upk_str){answer.data, len};
    if (len == answer.len)
      break;
    answer = (upk_str){answer.data + len + 1, answer.len - len - 1};
  }
  *ret_paths = paths.items;
  return paths.len;
}

/* ---- the answer ---- */

static bool send_output(void *ctx, const char *bytes, size_t len) {
  (void)ctx;
  while (len) {
    size_t piece = len < FRAME_OUTPUT_MAX ? len : FRAME_OUTPUT_MAX;
    if (!frame_write(CHILD_SOCKET, FRAME_OUTPUT, UPK_STR(""),
                     (upk_str){bytes, piece}))
      return false;
    bytes += piece;
    len -= piece;
  }
  return true;
}

static bool send_result(upk_status status, const upk_diags *diags) {
  upk_buf encoded = {0};
  char byte = (char)status;
  upk_diags_encode(diags, &encoded);
  bool good =
      frame_write(CHILD_SOCKET, FRAME_DIAGS, UPK_STR(""),
                  upk_buf_view(&encoded)) &&
      frame_write(CHILD_SOCKET, FRAME_STATUS, UPK_STR(""), (upk_str){&byte, 1});
  upk_buf_free(&encoded);
  return good;
}

static int give_up(const char *what) {
  frame_write(CHILD_SOCKET, FRAME_FAULT, UPK_STR(""), upk_str_from(what));
  return 1;
}

/* The facts that the parent left in a file: mapped, not copied. */
static bool map_facts(upk_str *ret_facts) {
  struct stat info;
  *ret_facts = UPK_NO_STR;
  if (fstat(CHILD_FACTS, &info) != 0)
    return true; /* there are none */
  if (info.st_size == 0) {
    *ret_facts = UPK_STR("");
  } else {
    void *bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE,
                       CHILD_FACTS, 0);
    if (bytes == MAP_FAILED)
      return false;
    *ret_facts = (upk_str){bytes, (size_t)info.st_size};
  }
  return close(CHILD_FACTS) == 0;
}

typedef struct inside {
  const upk_source *source;
  upk_compiler *compiler;
  upk_str mapped; /* facts that came with the process */
  bool served;    /* a request was answered */
} inside;

/* Takes a request, with its facts. False: the parent has no more, or what it
 * sent is none. */
static bool take_request(inside *in, upk_arena *arena,
                         upk_compile_request *request) {
  upk_str bytes;
  bool with_facts;
  if (!receive(arena, FRAME_REQUEST, &bytes) ||
      !request_decode(arena, bytes, request, &with_facts))
    return false;
  request->facts = in->mapped;
  return !with_facts || receive(arena, FRAME_FACTS, &request->facts);
}

static bool serve_one(inside *in) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_compile_request request;
  upk_diags diags;
  upk_diags_init(&diags, arena);
  bool good = take_request(in, arena, &request);
  if (good) {
    upk_status status = upk_compiler_run(in->compiler, &request, &diags,
                                         (upk_sink){send_output, NULL});
    in->served = good = send_result(status, &diags);
  }
  upk_arena_free(arena);
  return good;
}

int child_main(void) {
  const upk_source source = {NULL, read_file, list_files, absence_of};
  inside in = {.source = &source};
  if (!map_facts(&in.mapped))
    return give_up("map the facts file");
  const char *failed = child_lock();
  if (failed)
    return give_up(failed);
  in.compiler = upk_compiler_new(&source);
  while (serve_one(&in))
    ;
  if (!in.served)
    return give_up("read the request");
  upk_compiler_free(in.compiler);
  _exit(0);
}
