/* Temporary files beside what they will replace: `ebb-` and 16 hexadecimal digits and `.tmp`. */
#ifndef EBBI_TEMPORARY_H
#define EBBI_TEMPORARY_H

enum { EBBI_TEMPORARY_NAME = 25 }; /* bytes, the final 0 included */

/* Makes an empty file in the open folder, for reading and writing and locked until it is closed;
 * its descriptor, or -1 and errno. */
int ebbi_temporary_open(char name[EBBI_TEMPORARY_NAME], int folder);

/* Removes the user's own temporary files whose writer lives no more. What cannot be looked at
 * stays. */
void ebbi_temporary_sweep(int folder);

#endif
