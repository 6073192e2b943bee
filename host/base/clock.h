/* A monotonic clock, for measuring durations. Nobody can set it. */
#ifndef EBBI_CLOCK_H
#define EBBI_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t ebbi_nanoseconds_of(clockid_t clock) {
  struct timespec now = {0};
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int64_t ebbi_nanoseconds(void) {
  return ebbi_nanoseconds_of(CLOCK_MONOTONIC);
}

/* Takes a few nanoseconds to read; accurate to a few milliseconds. */
static inline int64_t ebbi_nanoseconds_coarse(void) {
  return ebbi_nanoseconds_of(CLOCK_MONOTONIC_COARSE);
}

static inline double ebbi_seconds(void) {
  return 1e-9 * (double)ebbi_nanoseconds();
}

#endif
