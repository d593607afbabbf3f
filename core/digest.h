/* SHA-256 (FIPS 180-4), by libcrypto. */
#ifndef UPKEEP_DIGEST_H
#define UPKEEP_DIGEST_H

#include <upkeep/base.h>

enum { UPK_DIGEST_BYTES = 32, UPK_DIGEST_TEXT = 71 };

/* "sha256:" and 64 lower-case hex digits, NUL-terminated. */
typedef struct upk_digest {
  char text[UPK_DIGEST_TEXT + 1];
} upk_digest;
upk_str upk_digest_view(const upk_digest *digest);

typedef struct upk_sha256 upk_sha256;
upk_sha256 *upk_sha256_new(void);
void upk_sha256_add(upk_sha256 *hash, upk_str bytes);
/* The digest of what was added; then it begins anew. Many digests by one hash
 * cost less than one each: making it costs more than hashing a step. */
upk_digest upk_sha256_take(upk_sha256 *hash);
upk_digest upk_sha256_finish(upk_sha256 *hash); /* frees */
upk_digest upk_digest_of(upk_str bytes);
/* A sink that adds what is written. */
upk_sink upk_sink_sha256(upk_sha256 *hash);

#endif
