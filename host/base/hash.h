/* A hash of 128 bits that tells texts and files apart. It does not protect against forgery. */
#ifndef EBBI_HASH_H
#define EBBI_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ebbi_hash {
  unsigned char bytes[16]; /* the same under either byte order */
} ebbi_hash;

/* XXH3, 128 bits, of `size` bytes. */
ebbi_hash ebbi_hash_of(const void *bytes, size_t size);

bool ebbi_hash_equal(const ebbi_hash *a, const ebbi_hash *b);

/* Hashes bytes that come in pieces. NULL: out of memory. */
typedef struct ebbi_hasher ebbi_hasher;
ebbi_hasher *ebbi_hasher_create(void);
void ebbi_hasher_free(ebbi_hasher *hasher);
void ebbi_hasher_add(ebbi_hasher *hasher, const void *bytes, size_t size);
ebbi_hash ebbi_hasher_value(const ebbi_hasher *hasher); /* the hash of all bytes so far */

/* The hash in 32 hexadecimal digits. */
void ebbi_hash_text(char text[33], const ebbi_hash *hash);

/* Extends a 64-bit XXH3 hash. `before` is 0 or the result of an earlier call. */
uint64_t ebbi_hash_more(uint64_t before, const void *bytes, size_t size);

#endif
