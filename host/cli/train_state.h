/* What the tool itself keeps in a checkpoint, beside the trainer's state. */
#ifndef EBB_CLI_TRAIN_STATE_H
#define EBB_CLI_TRAIN_STATE_H

#include "training.h"

/* The options, the reports of the newest, the newest good and the best epoch, and where the log
 * ends, as a JSON text to be freed. NULL: no memory. */
char *state_text(const training *t);

/* Takes them over, except the options. False: the text is none of those. */
bool state_take(training *t, const char *text);

#endif
