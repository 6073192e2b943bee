/* How much memory reading a file may take. */
#ifndef EBBI_BUDGET_H
#define EBBI_BUDGET_H

#include <ebb/data.h>

/* Bytes: options->max_memory; without it, half of what the machine has. */
uint64_t ebbi_budget(const ebb_read_options *options);

/* Fails with EBB_ERR_MEMORY if reading takes more: `need` bytes at least, as is known in a row of
 * the file (from 0; EBBI_NO_INDEX: before any). */
ebb_status ebbi_budget_check(const ebb_read_options *options, const char *path, uint64_t need,
                             size_t row);

#endif
