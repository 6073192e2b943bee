/* All that a training holds. train.c fills it in from top to bottom and frees it at once. */
#ifndef EBB_CLI_TRAINING_H
#define EBB_CLI_TRAINING_H

#include <ebb/ebb.h>
#include <stdio.h>

#include "options.h"
#include "scores_make.h"

enum { SPEC_TEXT = 2048, PLACE_TEXT = 4096 };

/* Why a training that has not failed ends before its last epoch. */
typedef enum training_stop { STOP_NONE, STOP_SIGNAL, STOP_TIME } training_stop;

/* Its checkpoints. */
typedef struct checkpoints {
  bool made;      /* the folder is new */
  int lock;       /* its descriptor, which holds a lock; -1: none */
  double cost;    /* seconds that the last one took */
  double seconds; /* the clock, steps and epochs when one was last written or tried */
  uint64_t step;
  size_t epoch;
  bool written; /* the newest one is of t->last */
  int code;     /* the exit code of one that could not be written */
} checkpoints;

/* Where a training that goes on stood; all zero for one that begins. */
typedef struct resumption {
  char path[PLACE_TEXT]; /* of the checkpoint's manifest */
  uint64_t step;
  double seconds;       /* of training before */
  char log[PLACE_TEXT]; /* the log, and its bytes, when the checkpoint was written; "": none */
  int64_t log_bytes;
} resumption;

/* The last good copy of the model on the host, which is saved if the device fails. */
typedef struct good_copy {
  ebb_model_image *image; /* the watchdog's; NULL: none */
  ebb_report report;      /* of its weights */
  double taken, cost;     /* the clock when it was made; seconds that it took */
} good_copy;

typedef struct training {
  const settings *s;
  double begun; /* the clock when the command began */

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
  checkpoints checkpoints;
  resumption resumed;

  FILE *log;
  int log_code;             /* the exit code of a log that could not be written to its end */
  int64_t log_bytes;        /* that the log has; -1: it is no regular file */
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

  uint64_t watched;      /* steps when the sentinel last looked */
  int sentinel_code;     /* the exit code of what it found */
  char dump[PLACE_TEXT]; /* then: the file with all that it needs */
  training_stop stop;    /* what ends the training before its last epoch */
  good_copy copy;
  char saved[PLACE_TEXT]; /* where the model was written; "": nowhere */
} training;

#endif
