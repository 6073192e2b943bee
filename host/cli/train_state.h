/* The tool's own part of a checkpoint, beside the trainer's state. */
#ifndef EBB_CLI_TRAIN_STATE_H
#define EBB_CLI_TRAIN_STATE_H

#include <jansson.h>

#include "training.h"

/* The options, the reports of the newest, the newest good and the best epoch, and the log's size,
 * as JSON text to be freed. NULL: out of memory. */
char *state_text(const training *t);

/* Reads such a text from a checkpoint, with --resume. The caller releases it with json_decref, also
 * after a failure. Returns the exit code. */
int state_read(json_t **extra, const settings *s, const ebb_checkpoint_info *info);

/* A file name from such a text, as a path from the current working directory; to be freed. NULL:
 * out of memory. */
char *state_path(const json_t *extra, const char *path);

/* Restores everything in it except the options. Returns the exit code. */
int state_take(training *t, const ebb_checkpoint_info *info);

#endif
