/* Saving a model so that a failure does not lose it. */
#ifndef EBB_CLI_SAVE_H
#define EBB_CLI_SAVE_H

#include <ebb/ebb.h>

#include "options.h"

/* Writes the image to --out. If that fails, it says why, writes it under a new name into the folder
 * of --checkpoint or the temporary folder, and says where it is; the exit code stays that of the
 * failure. `where` gets the path that was written, "" if none was. May be called in any thread. */
int save_image(const settings *s, const ebb_model_image *image, char *where, size_t size);

/* The same for what is rescued from a training that has failed, which may be worse than an older
 * model: a file at --out is never replaced; the image goes beside it under a new name. */
int save_rescued(const settings *s, const ebb_model_image *image, char *where, size_t size);

#endif
