/* The machine of a bench and how busy it is, from Linux's /proc. On other systems the processor is
 * unknown and the machine counts as idle.
 */
#include "bench.h"

#include <time.h>
#include <unistd.h>

void bench_describe_machine(char *out, size_t size) {
  char line[256], model[128] = "unknown processor";
  FILE *file = fopen("/proc/cpuinfo", "r");
  while (file && fgets(line, sizeof line, file))
    if (sscanf(line, "model name : %127[^\n]", model) == 1) break;
  if (file) fclose(file);
  snprintf(out, size, "%s, %ld cores", model, sysconf(_SC_NPROCESSORS_ONLN));
}

/* Adds up the times of all processors since the start of the system. */
static bool read_times(unsigned long long *idle, unsigned long long *all) {
  unsigned long long t[8];
  FILE *file = fopen("/proc/stat", "r");
  if (!file) return false;
  int count = fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2],
                     &t[3], &t[4], &t[5], &t[6], &t[7]);
  fclose(file);
  if (count != 8) return false;
  *idle = t[3] + t[4];
  *all = 0;
  for (int i = 0; i < 8; i++) *all += t[i];
  return true;
}

double bench_machine_busy(void) {
  unsigned long long idle, all, later_idle, later_all;
  const struct timespec moment = {.tv_nsec = 500000000};
  if (!read_times(&idle, &all)) return 0;
  nanosleep(&moment, NULL);
  if (!read_times(&later_idle, &later_all) || later_all == all) return 0;
  return 1 - (double)(later_idle - idle) / (double)(later_all - all);
}
