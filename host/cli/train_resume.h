/* The options of a training that goes on from a checkpoint. */
#ifndef EBB_CLI_TRAIN_RESUME_H
#define EBB_CLI_TRAIN_RESUME_H

#include "options.h"

/* With --resume: sets options that were not given now to the values of the training's start, and
 * refuses different values where they would make it another training. The folder is also that of
 * --checkpoint, unless another is given. Returns the exit code. */
int resume_options(settings *s);

/* The advice in a message about a folder without checkpoints. */
#define RESUME_ADVICE "a training begun with --checkpoint writes some"

#endif
