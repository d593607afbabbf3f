/* Shared by the parts of the schema reader. */
#ifndef COMPILER_SCHEMA_READER_H
#define COMPILER_SCHEMA_READER_H

#include "front/schema.h"

typedef struct reader {
  upk_arena *arena;
  upk_diags *diags;
  bool wrong;
} reader;

/* Reads one value into `out`, whose type is that of the field's row. */
typedef void read_value(reader *r, const schema_field *f, const node *value,
                        void *out);

/* The reader of a type that holds no objects; NULL for the others. */
read_value *schema_value_reader(schema_type type);

/* Adds a zeroed item to any UPK_VEC and gives its place. */
void *schema_push(reader *r, void *vec, size_t item_size);
void schema_refuse_type(reader *r, const schema_field *f, const node *value);
/* {} or []: Lua's empty table is either. */
bool schema_is_empty(const node *value);
bool schema_check_name(reader *r, const node_member *member, const char *what,
                       const schema_form *form);

#endif
