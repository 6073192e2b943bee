/* Temporary files to remove when the process ends abruptly. */
#ifndef EBB_CLI_LEFTOVERS_H
#define EBB_CLI_LEFTOVERS_H

/* printf format of the names of temporary files, for an unsigned long long; the library's names
 * have the same form. */
#define TEMPORARY_NAME "ebb-%016llx.tmp"

/* Removes the temporary files that this process is writing. Uses no lock and no existing
 * descriptor, since another thread may hang anywhere. */
void leftovers_remove(void);

#endif
