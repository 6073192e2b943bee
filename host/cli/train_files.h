/* The files of `ebb train`: what may be written where, found out before the first step. */
#ifndef EBB_CLI_TRAIN_FILES_H
#define EBB_CLI_TRAIN_FILES_H

#include "training.h"

/* Refuses outputs that cannot be written, would destroy an input or each other, and standard
 * streams where they cannot be. Returns the exit code. */
int files_check(const settings *s);

/* Once the network is known: refuses an --out that its model cannot be written to, for want of
 * space or anything else. Returns the exit code. */
int files_try(const training *t);

/* True if two names, NULL: none, lead to the same file, which need not be there. */
bool same_path(const char *a, const char *b);

/* Notes which model is about to be replaced, if nobody has named its file. */
void files_note_replaced(const settings *s);

#endif
