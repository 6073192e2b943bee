/* XXH3 from xxHash, behind a few functions.
 *
 * It is compiled in from its header, like Random123: the build needs one header, and a static
 * library pulls in no other library. A cryptographic hash would add nothing: whoever can write to
 * the user's cache folder can already act as the user.
 */
#include "hash.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

struct ebbi_hasher {
  XXH3_state_t state;
};

static ebbi_hash hash_from(XXH128_hash_t value) {
  ebbi_hash hash;
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, value);
  _Static_assert(sizeof canonical == sizeof hash, "XXH3 has 128 bits");
  for (size_t i = 0; i < sizeof hash; i++) hash.bytes[i] = canonical.digest[i];
  return hash;
}

ebbi_hash ebbi_hash_of(const void *bytes, size_t size) {
  return hash_from(XXH3_128bits(bytes, size));
}

bool ebbi_hash_equal(const ebbi_hash *a, const ebbi_hash *b) {
  return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

ebbi_hasher *ebbi_hasher_create(void) {
  ebbi_hasher *hasher = aligned_alloc(_Alignof(ebbi_hasher), sizeof *hasher);
  if (hasher) (void)XXH3_128bits_reset(&hasher->state);
  return hasher;
}

void ebbi_hasher_free(ebbi_hasher *hasher) {
  free(hasher);
}

void ebbi_hasher_add(ebbi_hasher *hasher, const void *bytes, size_t size) {
  if (size > 0) (void)XXH3_128bits_update(&hasher->state, bytes, size);
}

ebbi_hash ebbi_hasher_value(const ebbi_hasher *hasher) {
  return hash_from(XXH3_128bits_digest(&hasher->state));
}

void ebbi_hash_text(char text[33], const ebbi_hash *hash) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < sizeof hash->bytes; i++) {
    text[2 * i] = digits[hash->bytes[i] >> 4];
    text[2 * i + 1] = digits[hash->bytes[i] & 15];
  }
  text[32] = '\0';
}

uint64_t ebbi_hash_more(uint64_t before, const void *bytes, size_t size) {
  return XXH3_64bits_withSeed(bytes, size, before);
}
