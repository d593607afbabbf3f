/* The table of upkeep.lock. */
#include "front/front.h"
#include "front/schema_forms.h"

#define REQUIRED SCHEMA_REQUIRED

#define IN(member) offsetof(struct front_lock_stdlib, member)
static const schema_field stdlib_fields[] = {
    {"version", SCHEMA_TEXT, REQUIRED, IN(version),
     .doc = "version of the program that it is part of"},
    {"sha256", SCHEMA_TEXT, REQUIRED, IN(sha256),
     .doc = "its digest, as plans have it"},
    {"files", SCHEMA_MAP, REQUIRED, IN(files),
     .doc = "digest of each file, by its path"},
};
#undef IN
static const schema_object stdlib = {.name = "stdlib",
                                     .doc = "the standard library",
                                     SCHEMA_ROWS(stdlib_fields),
                                     .size = sizeof(struct front_lock_stdlib)};

#define IN(member) offsetof(front_lock_pack, member)
static const schema_field pack_fields[] = {
    {"git", SCHEMA_MARKED, REQUIRED, IN(git), .more = &form_git,
     .doc = "where it was fetched from"},
    {"commit", SCHEMA_MARKED, REQUIRED, IN(commit), .more = &form_commit,
     .doc = "its commit"},
    {"files", SCHEMA_MAP, REQUIRED, IN(files),
     .doc = "digest of each of its files that can be read, by its path"},
};
#undef IN
static const schema_object pack = {.name = "locked pack",
                                   .doc = "a policy pack",
                                   SCHEMA_ROWS(pack_fields),
                                   .size = sizeof(front_lock_pack)};

#define IN(member) offsetof(front_lock, member)
static const schema_field lock_fields[] = {
    {"version", SCHEMA_INT, REQUIRED, IN(version), 1, 1,
     .doc = "version of this file's form: 1"},
    {"stdlib", SCHEMA_OBJECT, REQUIRED, IN(stdlib), .more = &stdlib,
     .doc = "the standard library that the project was reviewed with"},
    {"packs", SCHEMA_OBJECTS, REQUIRED, IN(packs), .more = &pack,
     .doc = "the policy packs that `use` names"},
};
#undef IN
const schema_object schema_lock = {.name = "lock",
                                   .doc = "upkeep.lock: what a project was "
                                          "reviewed with; `upkeep init "
                                          "--packs` writes it",
                                   SCHEMA_ROWS(lock_fields),
                                   .size = sizeof(front_lock),
                                   .node_offset = offsetof(front_lock, raw)};
