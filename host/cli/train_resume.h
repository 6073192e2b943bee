/* The options of a training that goes on from a checkpoint. */
#ifndef EBB_CLI_TRAIN_RESUME_H
#define EBB_CLI_TRAIN_RESUME_H

#include "options.h"

/* With --resume: gives the options that were not given here the texts that the training was begun
 * with, and refuses others than those where they would make it another training. The folder is also
 * that of --checkpoint, unless another is named. Returns the exit code. */
int resume_options(settings *s);

/* The part of a message that tells what to do about a folder without a checkpoint. */
#define RESUME_ADVICE "a training begun with --checkpoint writes some"

#endif
