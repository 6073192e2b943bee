/* What a process that ends at once must not leave behind. */
#ifndef EBB_CLI_LEFTOVERS_H
#define EBB_CLI_LEFTOVERS_H

/* What printf makes the name of a temporary file of, from an unsigned long long; the library calls
 * its own so too. */
#define TEMPORARY_NAME "ebb-%016llx.tmp"

/* Removes the temporary files that this process is writing. Needs no lock and no descriptor that is
 * in use: another thread may hang in the midst of anything. */
void leftovers_remove(void);

#endif
