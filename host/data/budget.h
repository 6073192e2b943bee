/* How much memory reading a file may take. */
#ifndef EBBI_BUDGET_H
#define EBBI_BUDGET_H

#include <ebb/data.h>

/* In bytes: options->max_memory, or else half of the machine's memory. */
uint64_t ebbi_budget(const ebb_read_options *options);

/* Fails with EBB_ERR_MEMORY if reading takes more. `need` is the lower bound known at a row of the
 * file (from 0; EBBI_NO_INDEX: before any row). */
ebb_status ebbi_budget_check(const ebb_read_options *options, const char *path, uint64_t need,
                             size_t row);

#endif
