/* `ebb train --refit`: a new network trained for the best number of epochs, including the held-out
 * rows. */
#ifndef EBB_CLI_TRAIN_REFIT_H
#define EBB_CLI_TRAIN_REFIT_H

#include "train_report.h"

/* Trains the new network and replaces the searched one and its encoder. If the refit fails or is
 * interrupted, which is reported, the old ones stay. Returns the exit code. */
int refit_run(training *t);

#endif
