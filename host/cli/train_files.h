/* The files of `ebb train`: checked before the first step. */
#ifndef EBB_CLI_TRAIN_FILES_H
#define EBB_CLI_TRAIN_FILES_H

#include "training.h"

/* Refuses outputs that cannot be written, that would destroy an input or each other, and standard
 * streams where they are impossible. Returns the exit code. */
int files_check(const settings *s);

/* Once the network is known: refuses an --out to which its model cannot be written, for lack of
 * space or any other reason. Returns the exit code. */
int files_try(const training *t);

/* True if two names (NULL: none) lead to the same file, which need not exist. */
bool same_path(const char *a, const char *b);

/* Notes that a model is about to be replaced, if its path is a default. */
void files_note_replaced(const settings *s);

#endif
