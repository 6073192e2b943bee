/* Saving a model so that a failure does not lose it. */
#ifndef EBB_CLI_SAVE_H
#define EBB_CLI_SAVE_H

#include <ebb/ebb.h>

#include "options.h"

/* Writes the image to --out. If that fails, it says why, writes it under a new name into the folder
 * of --checkpoint or the temporary folder, and says where it is; the exit code stays that of the
 * failure. `where` gets the path that was written, "" if none was. May be called in any thread. */
int save_image(const settings *s, const ebb_model_image *image, char *where, size_t size);

#endif
