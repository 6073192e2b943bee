/* Saving a model so that a failure does not lose it. */
#ifndef EBB_CLI_SAVE_H
#define EBB_CLI_SAVE_H

#include <ebb/ebb.h>

#include "options.h"

/* Writes the image to --out. If that fails, reports why, writes it under a new name to the folder
 * of --checkpoint or the temporary folder, and reports that place; the exit code remains that of
 * the failure. `where` receives the path written, "" if none. May be called from any thread. */
int save_image(const settings *s, const ebb_model_image *image, char *where, size_t size);

/* The same for a model rescued from a failed training, which may be worse than an older one: a file
 * at --out is never replaced; the image goes beside it under a new name. */
int save_rescued(const settings *s, const ebb_model_image *image, char *where, size_t size);

#endif
