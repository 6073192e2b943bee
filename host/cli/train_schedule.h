/* `ebb train --schedule`: how the learning rate changes from step to step. */
#ifndef EBB_CLI_TRAIN_SCHEDULE_H
#define EBB_CLI_TRAIN_SCHEDULE_H

#include <jansson.h>

#include "training.h"

/* Checks that the options can be combined. Returns the exit code. */
int schedule_check(const settings *s);

/* Chooses the schedule, once epochs and batch are known. Returns the exit code. */
int schedule_choose(training *t);

/* The same for the training of --refit, whose epochs have more steps. */
void schedule_choose_again(training *t);

/* Whether the learning rate changes at all. */
bool schedule_varies(const training *t);

/* "", or ", cosine, warm-up 20 steps". */
enum { SCHEDULE_TEXT = EBB_SCHEDULE_TEXT + 64 };
void schedule_describe(char text[SCHEDULE_TEXT], const training *t);

/* Puts its settings into the first line of a log. */
void schedule_put(json_t *line, const training *t);

#endif
