/* The checkpoints of a training. */
#ifndef EBB_CLI_TRAIN_CHECKPOINT_H
#define EBB_CLI_TRAIN_CHECKPOINT_H

#include "training.h"

/* Before the data are read: makes and tries the folder of --checkpoint, if there is one, and
 * refuses one that has the checkpoints of another training. Returns the exit code. */
int checkpoint_begin(training *t);

/* At which steps looks must come, so that checkpoints are written at the steps that are asked for.
 * 0: any. */
size_t checkpoint_look_steps(const settings *s);

/* With --resume: gives trainer and training the state of the newest good checkpoint, and says which
 * one that is. Returns the exit code. */
int checkpoint_resume(training *t);

/* Writes one, if it is time. One that cannot be written is told once, and the training goes on. */
void checkpoint_look(training *t, const ebb_report *report);

/* Writes the last one, unless the newest has all that has been done. */
void checkpoint_end(training *t);

/* Removes the folder again, if it is new and nothing was written to it. */
void checkpoint_clear(training *t);

/* True if the folder of --checkpoint has one. */
bool checkpoint_exists(const settings *s);

/* After a failure, in any thread: the line that goes on from the newest one, if there is one. */
void checkpoint_advise(const settings *s);

/* The line that goes on from it, to be pasted; for a training that has stopped. */
void checkpoint_note(const training *t);

#endif
