/* Guards a training against wrong numbers and loss: self-test, sentinel, copies.
 */
#ifndef EBB_CLI_TRAIN_GUARD_H
#define EBB_CLI_TRAIN_GUARD_H

#include "training.h"

/* Unless --no-self-test: checks one step of the trainer's kernels against the reference. Returns
 * the exit code. */
int guard_test(const training *t);

/* At each report: runs the sentinel if it is time. Returns false, after a message, if the device
 * computes wrongly; see t->sentinel_code and t->dump. */
bool guard_check(training *t, ebb_trainer *trainer, const ebb_report *report);

/* After an epoch: copies its weights for the watchdog, if they are good and the copy is cheap. */
void guard_epoch(training *t, const ebb_report *report);

/* Copies the model as it is, with the figures of t->kept, whatever the cost. Returns the exit
 * code. */
int guard_copy(training *t);

/* Ensures that no copy will be saved. */
void guard_forget(training *t);

/* Writes the newest copy to --out; t->saved receives the path. Returns the exit code. */
int guard_save(training *t);

/* The same for a failed training: a file at --out stays, and the copy goes beside it. */
int guard_rescue(training *t);

#endif
