/* What a process that ends at once must not leave behind. */
#ifndef EBB_CLI_LEFTOVERS_H
#define EBB_CLI_LEFTOVERS_H

/* Removes the temporary files that this process is writing. Needs no lock and no descriptor that is
 * in use: another thread may hang in the midst of anything. */
void leftovers_remove(void);

#endif
