/* Random seeds, from the system.
 *
 * With a hash that is known, a file can hold texts that all belong in one slot of a table: a
 * million of them take hours. No result depends on a seed: tables number their entries in the order
 * in which they come. One for each table, not one for the process: the library has no state of its
 * own.
 */
#define _GNU_SOURCE
#include "data/seed.h"

#include "base/clock.h"
#include <unistd.h>

uint64_t ebbi_seed(void) {
  uint64_t seed;
  if (getentropy(&seed, sizeof seed) == 0) return seed;
  /* where a sandbox refuses it: better than a constant */
  return (uint64_t)ebbi_nanoseconds() * UINT64_C(0x9e3779b97f4a7c15) ^ (uintptr_t)&seed;
}
