/* The budget of reading, and what is said where it does not do.
 *
 * Without an option a file may take half of the machine: systems promise more memory than there is
 * and end the process that uses it, so a failed allocation alone protects nobody. The half that is
 * left is for what is made of the table, a network's inputs first.
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

static uint64_t mebibytes(uint64_t bytes) {
  return bytes / 1048576 + (bytes % 1048576 != 0);
}

ebb_status ebbi_budget_check(const ebb_read_options *options, const char *path, uint64_t need,
                             size_t row) {
  uint64_t budget = ebbi_budget(options);
  char at[40] = "";
  if (need <= budget) return EBB_OK;
  if (row != EBBI_NO_INDEX) snprintf(at, sizeof at, " at row %zu", row);
  if (options->max_memory > 0)
    return ebbi_fail(EBB_ERR_MEMORY,
                     "%s: reading it takes at least %" PRIu64 " MiB%s; --max-memory allows %" PRIu64
                     " MiB",
                     path, mebibytes(need), at, budget / 1048576);
  return ebbi_fail(EBB_ERR_MEMORY,
                   "%s: reading it takes at least %" PRIu64 " MiB%s; half of this machine's "
                   "memory, %" PRIu64 " MiB, is the limit, unless --max-memory sets another",
                   path, mebibytes(need), at, budget / 1048576);
}
