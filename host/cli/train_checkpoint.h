/* The checkpoints of a training. */
#ifndef EBB_CLI_TRAIN_CHECKPOINT_H
#define EBB_CLI_TRAIN_CHECKPOINT_H

#include "training.h"

/* Call this before the data are read: creates and tests the folder of --checkpoint, if given, and
 * refuses a folder with checkpoints of another training. Returns the exit code. */
int checkpoint_begin(training *t);

/* The interval of reports, in steps, that puts checkpoints at the requested steps. 0: any. */
size_t checkpoint_report_steps(const settings *s);

/* With --resume: restores trainer and training from the newest intact checkpoint, and reports which
 * one it is. Returns the exit code. */
int checkpoint_resume(training *t);

/* Writes a checkpoint if it is time. A failure is reported once, and the training continues. */
void checkpoint_write_if_due(training *t, const ebb_report *report);

/* Writes the last checkpoint, unless the newest one is up to date. */
void checkpoint_end(training *t);

/* Removes the folder if it is new and nothing was written to it. */
void checkpoint_clear(training *t);

/* True if the folder of --checkpoint contains a checkpoint. */
bool checkpoint_exists(const settings *s);

/* After a failure, from any thread: prints the command line that resumes from the newest
 * checkpoint, if there is one. */
void checkpoint_advise(const settings *s);

/* The same for a training that has stopped. */
void checkpoint_note(const training *t);

#endif
