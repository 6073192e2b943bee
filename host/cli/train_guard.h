/* What keeps a training from wrong numbers and from being lost: self-test, sentinel, good copies.
 */
#ifndef EBB_CLI_TRAIN_GUARD_H
#define EBB_CLI_TRAIN_GUARD_H

#include "training.h"

/* Unless --no-self-test: a step of the trainer's kernels against the reference. Returns the exit
 * code. */
int guard_test(const training *t);

/* At each look: the sentinel, if it is its time. False: the device computes wrongly;
 * t->sentinel_code and t->dump say so, and it has been told. */
bool guard_look(training *t, ebb_trainer *trainer, const ebb_report *report);

/* After an epoch: a copy of its weights for the watchdog, if they are good and that is cheap. */
void guard_epoch(training *t, const ebb_report *report);

/* A copy of the model as it is, whose figures are those of t->kept, however long it takes. Returns
 * the exit code. */
int guard_copy(training *t);

/* No copy is to be saved, whatever happens. */
void guard_forget(training *t);

/* Writes the newest copy to --out; t->saved tells where it is. Returns the exit code. */
int guard_save(training *t);

/* The same for a training that has failed: a file at --out stays, and the copy goes beside it. */
int guard_rescue(training *t);

#endif
