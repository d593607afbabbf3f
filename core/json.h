/* Canonical JSON: the subset of RFC 8785 with integers only (|n| <= 2^53-1),
 * keys in byte order, UTF-8, no white space. A document of ours ends in one
 * newline. Foreign JSON is not read here.
 */
#ifndef UPKEEP_JSON_H
#define UPKEEP_JSON_H

#include <upkeep/base.h>

/* ---- writing: streamed to a sink through a 64 KiB buffer ---- */

typedef struct upk_json_writer upk_json_writer;
upk_json_writer *upk_json_writer_new(upk_sink sink);
/* Flushes; false when the sink refused at any time, or nesting was deeper than
 * 64. Frees. NULL is fine. */
bool upk_json_writer_close(upk_json_writer *writer);
/* Hands the sink what was written so far. Between documents (no array or
 * object open) the next value starts a new one. */
bool upk_json_writer_flush(upk_json_writer *writer);
void upk_json_begin_object(upk_json_writer *writer);
void upk_json_end_object(upk_json_writer *writer);
void upk_json_begin_array(upk_json_writer *writer);
void upk_json_end_array(upk_json_writer *writer);
/* Keys must be given in strictly ascending byte order (asserted). */
/* `upk_json_key` takes a key of plain ASCII, without `"` and `\\`. */
void upk_json_key(upk_json_writer *writer, const char *key);
void upk_json_key_str(upk_json_writer *writer, upk_str key);
void upk_json_string(upk_json_writer *writer, upk_str value);
/* A value of 2^53 or more in size is written as decimal text. */
void upk_json_int(upk_json_writer *writer, int64_t value);
void upk_json_bool(upk_json_writer *writer, bool value);
void upk_json_null(upk_json_writer *writer);
/* Bytes that already are one canonical value. */
void upk_json_raw(upk_json_writer *writer, upk_str value);
void upk_json_newline(upk_json_writer *writer); /* ends a document */
/* Key and value in one; absent strings are written as null. */
void upk_json_put_string(upk_json_writer *w, const char *key, upk_str value);
void upk_json_put_int(upk_json_writer *w, const char *key, int64_t value);
void upk_json_put_bool(upk_json_writer *w, const char *key, bool value);

/* ---- reading: a pull reader, and a tree on top of it ---- */

typedef enum upk_json_type {
  UPK_JSON_NULL,
  UPK_JSON_BOOL,
  UPK_JSON_INT,
  UPK_JSON_STRING,
  UPK_JSON_ARRAY,
  UPK_JSON_OBJECT,
} upk_json_type;

typedef enum upk_json_token {
  UPK_TOKEN_END,   /* the document is complete */
  UPK_TOKEN_ERROR, /* see the reader's `error` */
  UPK_TOKEN_NULL,
  UPK_TOKEN_BOOL,
  UPK_TOKEN_INT,
  UPK_TOKEN_STRING,
  UPK_TOKEN_KEY,
  UPK_TOKEN_BEGIN_ARRAY,
  UPK_TOKEN_END_ARRAY,
  UPK_TOKEN_BEGIN_OBJECT,
  UPK_TOKEN_END_OBJECT,
} upk_json_token;

typedef struct upk_json_error {
  size_t offset;    /* of the byte that is wrong */
  const char *text; /* static, e.g. "keys are not in order" */
} upk_json_error;

/* Depth over 64 is an error; so are duplicate or unordered keys, numbers that
 * are no integers, bad UTF-8, NUL, white space, non-canonical escapes and bytes
 * after the newline: only the canonical form is accepted. A reader is small and
 * may stand on the stack; it borrows `bytes`. */
typedef struct upk_json_reader {
  upk_str bytes;
  size_t offset;
  upk_str string; /* of STRING and KEY: valid until the next call */
  int64_t integer;
  bool boolean;
  upk_json_error error;
  upk_arena *scratch; /* strings with escapes are decoded here */
  unsigned depth;
  uint8_t state[64]; /* private */
  upk_str last_key[64];
} upk_json_reader;

void upk_json_reader_init(upk_json_reader *reader, upk_str bytes,
                          upk_arena *scratch);
upk_json_token upk_json_next(upk_json_reader *reader);
/* Skips the value that begins with the token just read. False on error. */
bool upk_json_skip(upk_json_reader *reader, upk_json_token token);

typedef struct upk_json upk_json;
typedef struct upk_json_member {
  upk_str key;
  const upk_json *value;
} upk_json_member;
struct upk_json {
  upk_json_type type;
  union {
    bool boolean;
    int64_t integer;
    upk_str string;
    struct {
      upk_json *items;
      size_t count;
    } array;
    struct {
      upk_json_member *members;
      size_t count;
    } object;
  };
  upk_str bytes; /* of arrays and objects: their own bytes in the input */
};

/* The tree is in `arena`; strings borrow from `bytes` where they can. NULL on
 * error, with *ret_error filled. */
const upk_json *upk_json_parse(upk_arena *arena, upk_str bytes,
                               upk_json_error *ret_error);
/* The tree that begins with `token`, just read from `reader`. */
const upk_json *upk_json_read_value(upk_json_reader *reader,
                                    upk_json_token token, upk_arena *arena);
/* Lookups never fail: a missing member, or NULL, gives a null value / the
 * default / an absent string. */
const upk_json *upk_json_get(const upk_json *object, const char *key);
const upk_json *upk_json_get_str(const upk_json *object, upk_str key);
const upk_json *upk_json_at(const upk_json *array, size_t index);
size_t upk_json_count(const upk_json *array_or_object);
upk_str upk_json_text(const upk_json *object, const char *key);
int64_t upk_json_number(const upk_json *object, const char *key,
                        int64_t otherwise);
bool upk_json_flag(const upk_json *object, const char *key, bool otherwise);
void upk_json_write(upk_json_writer *writer, const upk_json *value);

#endif
