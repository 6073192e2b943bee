/* Damages a file's bytes at random, reproducibly. */
#ifndef EBB_MUTATE_H
#define EBB_MUTATE_H

#include <base/rng.h>
#include <stddef.h>
#include <stdint.h>

/* Cuts, flips, copies and swaps bytes according to the round's random words. Returns the new size,
 * at most `size`. */
static inline size_t mutate(char *bytes, size_t size, uint64_t round) {
  static const char spice[] = ",;:|=\"'\\\n\r\t{}[]0-9e.?#%@$/\xff\x80 \x00";
  uint32_t w[4];
  ebbi_philox(w, 7, EBBI_RNG_TEST, 0, 8 * round);
  size_t changes = w[0] % 4;
  if (w[3] % 8 == 0) size = w[2] % (size + 1);
  for (size_t i = 0; i < changes && size > 0; i++) {
    ebbi_philox(w, 7, EBBI_RNG_TEST, 0, 8 * round + 1 + i);
    char *at = bytes + w[0] % size;
    if (w[1] % 3 == 0)
      *at = (char)(*at ^ (char)(1u << w[2] % 8));
    else if (w[1] % 3 == 1)
      *at = spice[w[2] % (sizeof spice - 1)];
    else
      *at = bytes[w[2] % size];
  }
  return size;
}

#endif
