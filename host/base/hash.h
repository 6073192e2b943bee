/* A hash of 128 bits, for telling texts and files apart; not against forgers. */
#ifndef EBBI_HASH_H
#define EBBI_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ebbi_hash {
  unsigned char bytes[16]; /* the same on machines of either byte order */
} ebbi_hash;

/* XXH3, 128 bits, of `size` bytes. */
ebbi_hash ebbi_hash_of(const void *bytes, size_t size);

bool ebbi_hash_equal(const ebbi_hash *a, const ebbi_hash *b);

/* The same of bytes that come one piece after the other. NULL: no memory. */
typedef struct ebbi_hasher ebbi_hasher;
ebbi_hasher *ebbi_hasher_create(void);
void ebbi_hasher_free(ebbi_hasher *hasher);
void ebbi_hasher_add(ebbi_hasher *hasher, const void *bytes, size_t size);
ebbi_hash ebbi_hasher_value(const ebbi_hasher *hasher); /* of all so far */

/* The hash in 32 hexadecimal digits. */
void ebbi_hash_text(char text[33], const ebbi_hash *hash);

/* XXH3, 64 bits, of the bytes and what was hashed before them: 0, or what this gave. */
uint64_t ebbi_hash_more(uint64_t before, const void *bytes, size_t size);

#endif
