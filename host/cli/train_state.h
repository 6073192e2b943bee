/* What the tool itself keeps in a checkpoint, beside the trainer's state. */
#ifndef EBB_CLI_TRAIN_STATE_H
#define EBB_CLI_TRAIN_STATE_H

#include <jansson.h>

#include "training.h"

/* The options, the reports of the newest, the newest good and the best epoch, and where the log
 * ends, as a JSON text to be freed. NULL: no memory. */
char *state_text(const training *t);

/* Reads such a text of a checkpoint, with --resume; the caller ends it by json_decref, also after a
 * failure. Returns the exit code. */
int state_read(json_t **extra, const settings *s, const ebb_checkpoint_info *info);

/* A file's name that such a text has, as it leads there from the working folder of now; to be
 * freed. NULL: no memory. */
char *state_path(const json_t *extra, const char *path);

/* Takes over what it has, except the options. Returns the exit code. */
int state_take(training *t, const ebb_checkpoint_info *info);

#endif
