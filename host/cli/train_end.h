/* How a training ends. */
#ifndef EBB_CLI_TRAIN_END_H
#define EBB_CLI_TRAIN_END_H

#include "training.h"

/* Makes the figures, saves checkpoint and model, and tells the result of a run that has ended with
 * `status`, whose message is the thread's. Returns the exit code. */
int end_training(training *t, ebb_status status);

#endif
