/* The end of a training. */
#ifndef EBB_CLI_TRAIN_END_H
#define EBB_CLI_TRAIN_END_H

#include "training.h"

/* Computes the figures, saves checkpoint and model, and reports the result of a run that ended with
 * `status`, whose message is the thread's. Returns the exit code. */
int end_training(training *t, ebb_status status);

#endif
