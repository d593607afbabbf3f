/* Files that are compressed with zstd: those whose names end in .zst. */
#include <zstd.h>

#include "child_serve.h"

const char unpack_too_large[] = "it is too large";

const char *unpack(upk_buf *bytes, size_t limit) {
  const char *fault = NULL;
  upk_buf out = {0};
  ZSTD_DStream *stream = ZSTD_createDStream();
  ZSTD_inBuffer in = {bytes->data, bytes->len, 0};
  size_t left = 1;
  while (!fault && (in.pos < in.size || left != 0)) {
    upk_buf_reserve(&out, 1 << 20);
    ZSTD_outBuffer to = {out.data + out.len, 1 << 20, 0};
    size_t before = in.pos;
    left = ZSTD_decompressStream(stream, &to, &in);
    out.len += to.pos;
    out.data[out.len] = '\0';
    if (ZSTD_isError(left))
      fault = ZSTD_getErrorName(left);
    else if (out.len > limit)
      fault = unpack_too_large;
    else if (in.pos == before && to.pos == 0)
      fault = "the compressed data end in the middle";
  }
  ZSTD_freeDStream(stream);
  upk_buf_free(bytes);
  *bytes = out;
  return fault;
}
