/* Preloaded into the tool: its clock is as many seconds ahead as the file CLOCK_SHIFT has bytes. A
 * test makes a time limit expire when it wants it to, whatever the machine's speed, and waits for
 * none.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
  struct stat entry;
  const char *path = getenv("CLOCK_SHIFT");
  int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (clock == CLOCK_MONOTONIC && path && stat(path, &entry) == 0) now->tv_sec += entry.st_size;
  return result;
}
