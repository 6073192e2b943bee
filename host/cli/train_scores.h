/* Scores of the trained network, on unseen rows if there are any. */
#ifndef EBB_CLI_TRAIN_SCORES_H
#define EBB_CLI_TRAIN_SCORES_H

#include <jansson.h>

#include "train_report.h"

/* Scores the network on the validation and test rows, or else on the training rows. Returns the
 * exit code. */
int train_scores_make(training *t);
void train_scores_clear(training *t);

/* Puts them into a result, each part under its name. */
void train_scores_put(json_t *object, const training *t);

/* Prints them on stderr, unless --quiet, and warnings. */
void train_scores_note(const training *t);

#endif
