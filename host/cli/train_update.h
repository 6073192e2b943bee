/* What updates do beside the optimizer, from the options. */
#ifndef EBB_CLI_TRAIN_UPDATE_H
#define EBB_CLI_TRAIN_UPDATE_H

#include "training.h"

/* Sets t->options.update; the network's layers must be known. */
int update_choose(training *t);

#endif
