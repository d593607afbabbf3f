/* Identifiers and literals as SQL text, pure and per dialect.
 * Sources: PostgreSQL 15 manual 4.1; SQLite lang_keywords.html; MySQL 8
 * manual 9.2; T-SQL QUOTENAME; Oracle SQL Language Reference "Database Object
 * Names". Names are always quoted, so no list of reserved words is needed. */
#ifndef UPKEEP_QUOTE_H
#define UPKEEP_QUOTE_H

#include <upkeep/base.h>

typedef enum upk_dialect {
  UPK_SQLITE,
  UPK_POSTGRES,
  UPK_MYSQL, /* MariaDB too */
  UPK_MSSQL,
  UPK_ORACLE,
} upk_dialect;

/* From an engine's name as in upkeep.yaml; false when unknown. */
bool upk_dialect_find(upk_str engine, upk_dialect *ret_dialect);

/* False, with nothing added, when no identifier can be made of it: empty, NUL,
 * bad UTF-8, longer than the engine's limit (63 bytes PostgreSQL, 64
 * characters MySQL, 128 UTF-16 units SQL Server, 128 bytes Oracle), or a `"` on
 * Oracle. */
bool upk_quote_identifier(upk_dialect dialect, upk_str name, upk_buf *out);
/* A string literal that is safe under every session setting the driver makes
 * (standard_conforming_strings is on; MySQL escapes backslashes). False on
 * NUL or bad UTF-8. */
bool upk_quote_literal(upk_dialect dialect, upk_str text, upk_buf *out);
/* How people read a name: a.b when each part is plain lower case, else quoted
 * with `"`; what upk_display_text does not show is \xHH. Not for SQL. */
void upk_display_name(const upk_str *parts, size_t count, upk_buf *out);
/* Text of others on a terminal: control characters, marks that turn or break a
 * line, and bytes that are no UTF-8 are shown as \xHH. Not for SQL. */
void upk_display_text(upk_str text, upk_buf *out);
/* How many bytes at `at` (< text.len) it does not show; 0: it is shown. */
size_t upk_hidden_at(upk_str text, size_t at);
bool upk_utf8_valid(upk_str text); /* no surrogates, no overlong, no NUL */

#endif
