/* XXH3 from xxHash, behind three functions.
 *
 * Compiled in from its header, as Random123 is: one header is all that a build needs, and a static
 * library brings no further one along. A cryptographic hash was not taken: whoever can write into
 * the user's own cache folder can do as the user anyway.
 */
#include "hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

ebbi_hash ebbi_hash_of(const void *bytes, size_t size) {
  ebbi_hash hash;
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, size));
  _Static_assert(sizeof canonical == sizeof hash, "XXH3 has 128 bits");
  for (size_t i = 0; i < sizeof hash; i++) hash.bytes[i] = canonical.digest[i];
  return hash;
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
