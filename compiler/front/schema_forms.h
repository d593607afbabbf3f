/* Forms of texts that tables refer to. */
#ifndef COMPILER_SCHEMA_FORMS_H
#define COMPILER_SCHEMA_FORMS_H

#include "front/schema.h"

extern const schema_form form_name;     /* of policies, targets, windows */
extern const schema_form form_word;     /* of kinds, actions, labels, vars */
extern const schema_form form_commit;   /* 40 hex digits */
extern const schema_form form_git;      /* where `git fetch` finds it */
extern const schema_form form_path;     /* relative, '/', no ".." */
extern const schema_form form_file;     /* relative or absolute */
extern const schema_form form_folder;   /* absolute */
extern const schema_form form_program;  /* absolute, or a name alone */
extern const schema_form form_rrule;    /* RFC 5545, 3.3.10 */
extern const schema_form form_timezone; /* IANA name */
extern const schema_form form_code;     /* UPK1234 */
extern const schema_form form_pattern;  /* names of policies, with wildcards */
extern const schema_form form_version;  /* 16.4 */
extern const schema_form form_versions; /* ">= 0.1, < 1" */

/* Whether `version` (core/expr.h) is in a range; false when it is malformed. */
bool versions_fit(upk_str wanted, int64_t version, bool *ret_fits);

#endif
