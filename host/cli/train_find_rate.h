/* `ebb train --find-lr`: the learning-rate range test, instead of a training. */
#ifndef EBB_CLI_TRAIN_FIND_RATE_H
#define EBB_CLI_TRAIN_FIND_RATE_H

#include "training.h"

/* Checks the options that the test has of its own. Returns the exit code. */
int find_rate_check(const settings *s);

/* Runs the test of the prepared network and prints its curve and suggestion. Returns the exit code.
 */
int find_rate_run(training *t);

#endif
