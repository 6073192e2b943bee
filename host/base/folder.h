/* Making folders. */
#ifndef EBBI_FOLDER_H
#define EBBI_FOLDER_H

#include <sys/types.h>

/* Makes a folder and what is missing above it, with these rights, and syncs what holds a new one.
 * 0, also where something of that name is there already; else the errno of the first call that
 * failed. `path` is changed meanwhile. */
int ebbi_folders_make(char *path, mode_t mode);

#endif
