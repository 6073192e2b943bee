/* `ebb train --refit`: a new network for the epochs found, on the rows held out as well. */
#ifndef EBB_CLI_TRAIN_REFIT_H
#define EBB_CLI_TRAIN_REFIT_H

#include "train_report.h"

/* Trains it and puts it, with its encoder, in the place of the one that was searched with. If that
 * fails or is interrupted, which is told, the latter stays. Returns the exit code. */
int refit_run(training *t);

#endif
