/* What a training tells while it runs and when it ends. */
#ifndef EBB_CLI_TRAIN_REPORT_H
#define EBB_CLI_TRAIN_REPORT_H

#include <ebb/ebb.h>
#include <stdio.h>

#include "options.h"
#include "scores_make.h"

enum { SPEC_TEXT = 2048 };

/* All that a training holds; train.c fills it in from top to bottom and frees it at once. */
typedef struct training {
  const settings *s;

  ebb_table *table, *valid_table, *test_table; /* the last two: with --valid FILE, --test FILE */
  ebb_split split;                             /* of the table's own rows */
  size_t *order; /* rows of the table: those for training, then validation, then test */
  size_t train_rows, valid_rows, test_rows;
  ebb_encoder *encoder;
  ebb_dataset train, valid, test;

  ebb_train_options options;
  double learning_rate; /* as it was given, before it became a float */
  ebb_device *device;
  ebb_spec spec;
  char spec_text[SPEC_TEXT];
  ebb_network *network;
  ebb_trainer *trainer;

  FILE *log;
  int log_code;             /* the exit code of a log that could not be written to its end */
  bool on_line;             /* a progress line waits to be overwritten */
  double opened, run_start; /* the clock when the device was open, when the training began */
  double first_step, ready; /* seconds from `opened` to the end of the first step, and until all
                             * kernels were compiled; 0 before it */
  const char *data_on;      /* where the rows lie */
  double unit;              /* of the target: figures_unit, by the encoder of the figures */
  ebb_report last, closed, best; /* the newest report, that of the newest good epoch that came to
                                  * its end, that of the best epoch; all zero before the first */
  const ebb_report *kept;        /* the one of them that the weights of the network belong to */
  ebb_report refit;              /* --refit: its last one; all zero: the model is the search's */
  size_t shown;                  /* the newest epoch that has a line of its own */
  double drawn;                  /* the clock when the progress line was last written */
  scored scores[2];              /* of the parts that nothing was learned from, or of training */
  size_t scored;                 /* how many of them there are */
  size_t finished;               /* epochs that came to their end */
  double phase_start;            /* the clock when the host's current phase began, for the trace */
  uint64_t unprofiled;           /* steps before those of the profile */
} training;

/* Seconds on a clock that nobody sets. */
double report_clock(void);

/* Tells the network and how it is to be trained. */
void report_plan(const training *t);

/* Tells what the plan has come to; opens the log and writes its first line. */
int report_start(training *t);

/* The callback of ebb_trainer_run; `user` is the training. Stops at a signal. */
bool report_progress(const ebb_report *report, void *user);

/* The same for the training of --refit; `user` is the one that searched. */
bool report_refit(const ebb_report *report, void *user);

/* How messages call the rows that --refit trains on, all of which are meant. */
const char *report_refit_rows(const training *t);

/* Leaves a progress line as it stands; a message may follow. */
void report_end_line(training *t);

/* Tells of the last epoch and the best one, when the epochs are over. */
void report_search_end(training *t);

/* Closes the log with `reason`, and prints the results; `saved`: there is a model at --out. */
int report_end(training *t, const char *reason, bool saved);

#endif
