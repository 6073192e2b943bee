/* The network of a training, and its trainer. Both functions return exit codes. */
#ifndef EBB_CLI_TRAIN_NETWORK_H
#define EBB_CLI_TRAIN_NETWORK_H

#include "train_report.h"

/* Chooses the layers: from --model, else from the model of --init, else a default. */
int network_choose(training *t);

/* Makes the network; `load`: with the weights of --init. */
int network_create(training *t, bool load);

/* The same, and its trainer by the training's options. */
int network_build(training *t, bool load);

#endif
