/* What a training reports while it runs and at its end. */
#ifndef EBB_CLI_TRAIN_REPORT_H
#define EBB_CLI_TRAIN_REPORT_H

#include "training.h"

/* Reports the network and how it will be trained. */
void report_plan(const training *t);

/* Reports the trainer's choices; opens the log and writes its first line. */
int report_start(training *t);

/* The callback of ebb_trainer_run; `user` is the training. Ends the run at a signal, at the time
 * limit, and if the sentinel finds wrong numbers. */
bool report_progress(const ebb_report *report, void *user);

/* The same for the training of --refit. */
bool report_refit(const ebb_report *report, training *searched, ebb_trainer *trainer);

/* From now on a signal waits until the model is saved. */
void report_keep(void);

/* The name, in messages, of the rows that --refit trains on. */
const char *report_refit_rows(const training *t);

/* Ends a progress line; a message may follow. */
void report_end_line(training *t);

/* Reports the last and the best epoch when all epochs are done. */
void report_search_end(training *t);

/* Closes the log with `reason`, and prints the results; t->saved is the model's path, if any. */
int report_end(training *t, const char *reason);

#endif
