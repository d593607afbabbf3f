#include <openssl/evp.h>
#include <string.h>

#include "digest.h"

struct upk_sha256 {
  EVP_MD_CTX *ctx;
};

upk_str upk_digest_view(const upk_digest *digest) {
  return (upk_str){digest->text, UPK_DIGEST_TEXT};
}

/* libcrypto fails here only when it is out of memory or has no SHA-256 (a
 * broken installation): both end the process like any exhausted allocator. */
static void must(int ok) {
  const upk_allocator *libc = upk_allocator_libc();
  if (ok != 1)
    libc->exhausted(libc->ctx, sizeof(upk_sha256));
}

upk_sha256 *upk_sha256_new(void) {
  const upk_allocator *libc = upk_allocator_libc();
  upk_sha256 *hash = libc->resize(libc->ctx, NULL, sizeof *hash);
  must(hash != NULL);
  hash->ctx = EVP_MD_CTX_new();
  must(hash->ctx && EVP_DigestInit_ex(hash->ctx, EVP_sha256(), NULL));
  return hash;
}

void upk_sha256_add(upk_sha256 *hash, upk_str bytes) {
  must(EVP_DigestUpdate(hash->ctx, bytes.data, bytes.len));
}

upk_digest upk_sha256_take(upk_sha256 *hash) {
  unsigned char bytes[UPK_DIGEST_BYTES];
  upk_digest digest = {"sha256:"};
  must(EVP_DigestFinal_ex(hash->ctx, bytes, NULL));
  for (size_t i = 0; i < sizeof bytes; i++) {
    digest.text[7 + 2 * i] = "0123456789abcdef"[bytes[i] >> 4];
    digest.text[8 + 2 * i] = "0123456789abcdef"[bytes[i] & 15];
  }
  must(EVP_DigestInit_ex(hash->ctx, NULL, NULL));
  return digest;
}

upk_digest upk_sha256_finish(upk_sha256 *hash) {
  const upk_allocator *libc = upk_allocator_libc();
  upk_digest digest = upk_sha256_take(hash);
  EVP_MD_CTX_free(hash->ctx);
  libc->resize(libc->ctx, hash, 0);
  return digest;
}

upk_digest upk_digest_of(upk_str bytes) {
  upk_sha256 *hash = upk_sha256_new();
  upk_sha256_add(hash, bytes);
  return upk_sha256_finish(hash);
}

static bool write_sha256(void *ctx, const char *bytes, size_t len) {
  upk_sha256_add(ctx, (upk_str){bytes, len});
  return true;
}

upk_sink upk_sink_sha256(upk_sha256 *hash) {
  return (upk_sink){write_sha256, hash};
}
