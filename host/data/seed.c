/* Random seeds, from the system.
 *
 * With a known hash function, a file can contain texts that all fall into one slot of a table: a
 * million of them take hours. No result depends on a seed, since tables number their entries in
 * order of arrival. Each table has a seed of its own, because the library has no global state.
 */
#define _GNU_SOURCE
#include "data/seed.h"

#include "base/clock.h"
#include <unistd.h>

uint64_t ebbi_seed(void) {
  uint64_t seed;
  if (getentropy(&seed, sizeof seed) == 0) return seed;
  /* if a sandbox refuses the system call: better than a constant */
  return (uint64_t)ebbi_nanoseconds() * UINT64_C(0x9e3779b97f4a7c15) ^ (uintptr_t)&seed;
}
