/* The memory budget of reading, and the message if it is exceeded.
 *
 * Without an option a file may take half of the machine's memory. Systems promise more memory than
 * they have and kill the process that uses it, so checking for failed allocations protects nobody.
 * The other half is for what is made of the table, above all the network's inputs.
 */
#define _GNU_SOURCE
#include "data/budget.h"

#include "base/error.h"
#include "data/names.h"
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

uint64_t ebbi_budget(const ebb_read_options *options) {
  if (options->max_memory > 0) return options->max_memory;
  long pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);
  return pages > 0 && bytes > 0 ? (uint64_t)pages * (uint64_t)bytes / 2 : UINT64_MAX;
}

/* In the largest unit of which the size has at least one, GiB from ten on, so that whole numbers
 * lose little. What is needed is rounded up, what is allowed is rounded down. */
static const char *size_text(char text[32], uint64_t bytes, bool up) {
  static const char *const units[] = {"bytes", "KiB", "MiB", "GiB"};
  size_t unit = 0;
  while (unit < 2 && bytes >> 10 * (unit + 1)) unit++;
  if (bytes >> 30 >= 10) unit = 3;
  uint64_t rest = bytes & ((UINT64_C(1) << 10 * unit) - 1);
  snprintf(text, 32, "%" PRIu64 " %s", (bytes >> 10 * unit) + (up && rest), units[unit]);
  return text;
}

ebb_status ebbi_budget_check(const ebb_read_options *options, const char *path, uint64_t need,
                             size_t row) {
  uint64_t budget = ebbi_budget(options);
  char at[40] = "", needed[32], allowed[32];
  if (need <= budget) return EBB_OK;
  if (row != EBBI_NO_INDEX) snprintf(at, sizeof at, " at row %zu", row);
  size_text(needed, need, true);
  size_text(allowed, budget, false);
  if (options->max_memory > 0)
    return ebbi_fail(EBB_ERR_MEMORY, "%s: reading it takes at least %s%s; --max-memory allows %s",
                     path, needed, at, allowed);
  return ebbi_fail(EBB_ERR_MEMORY,
                   "%s: reading it takes at least %s%s; half of this machine's memory, %s, is the "
                   "limit, unless --max-memory sets another",
                   path, needed, at, allowed);
}
