/* Preloaded into the tool: sets its clock ahead by one second for each byte of the file
 * CLOCK_SHIFT. A test can thus make a time limit expire at will, without waiting and whatever the
 * machine's speed.
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
