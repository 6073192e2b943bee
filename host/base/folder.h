/* Making folders. */
#ifndef EBBI_FOLDER_H
#define EBBI_FOLDER_H

#include <sys/types.h>

/* Makes a folder and its missing parents, with these rights, and syncs the parent of each new
 * folder. Returns 0, also if something of that name exists already; otherwise the errno of the
 * first call that failed. `path` is modified during the call. */
int ebbi_folders_make(char *path, mode_t mode);

#endif
