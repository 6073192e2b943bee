/* What a training tells while it runs and when it ends. */
#ifndef EBB_CLI_TRAIN_REPORT_H
#define EBB_CLI_TRAIN_REPORT_H

#include "training.h"

/* Tells the network and how it is to be trained. */
void report_plan(const training *t);

/* Tells what the plan has come to; opens the log and writes its first line. */
int report_start(training *t);

/* The callback of ebb_trainer_run; `user` is the training. Ends it at a signal, at the time limit,
 * and where the sentinel finds wrong numbers. */
bool report_progress(const ebb_report *report, void *user);

/* The same for the training of --refit. */
bool report_refit(const ebb_report *report, training *searched, ebb_trainer *trainer);

/* From now on a signal is waited with until the model is saved. */
void report_keep(void);

/* How messages call the rows that --refit trains on, all of which are meant. */
const char *report_refit_rows(const training *t);

/* Leaves a progress line as it stands; a message may follow. */
void report_end_line(training *t);

/* Tells of the last epoch and the best one, when the epochs are over. */
void report_search_end(training *t);

/* Closes the log with `reason`, and prints the results; the model is at t->saved, if anywhere. */
int report_end(training *t, const char *reason);

#endif
