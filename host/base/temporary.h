/* Temporary files beside the files that they will replace: `ebb-`, 16 hexadecimal digits,
 * `.tmp`. */
#ifndef EBBI_TEMPORARY_H
#define EBBI_TEMPORARY_H

enum { EBBI_TEMPORARY_NAME = 25 }; /* bytes, with the final 0 */

/* Makes an empty file in the open folder, open for reading and writing, and locked until it is
 * closed. Returns its descriptor, or -1 with errno set. */
int ebbi_temporary_open(char name[EBBI_TEMPORARY_NAME], int folder);

/* Removes the user's own temporary files whose writers are dead. Files that cannot be examined
 * stay. */
void ebbi_temporary_sweep(int folder);

#endif
