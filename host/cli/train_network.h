/* The network of a training, and what trains it. Both return exit codes. */
#ifndef EBB_CLI_TRAIN_NETWORK_H
#define EBB_CLI_TRAIN_NETWORK_H

#include "train_report.h"

/* The layers: from --model, else those of the model that --init names, else a default. */
int network_choose(training *t);

/* Makes network and trainer, by the options of the training; `load`: with the weights of --init. */
int network_build(training *t, bool load);

#endif
