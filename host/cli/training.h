/* The state of a training. train.c fills it in from top to bottom and frees it at the end. */
#ifndef EBB_CLI_TRAINING_H
#define EBB_CLI_TRAINING_H

#include <ebb/ebb.h>
#include <stdio.h>

#include "options.h"
#include "scores_make.h"

enum { SPEC_TEXT = 2048, PLACE_TEXT = 4096 };

/* Why a training that has not failed ends before its last epoch. */
typedef enum training_stop { STOP_NONE, STOP_SIGNAL, STOP_TIME } training_stop;

/* The checkpoints of a training. */
typedef struct checkpoints {
  bool made;      /* the folder is new */
  int lock;       /* the folder's descriptor, which holds the lock; -1: none */
  double cost;    /* seconds that the last one took */
  double seconds; /* time, steps and epochs of the last write or attempt */
  uint64_t step;
  size_t epoch;
  bool written; /* the newest checkpoint matches t->last */
  int code;     /* exit code of a checkpoint that could not be written */
} checkpoints;

/* Where a resumed training stood; all zero if it starts anew. */
typedef struct resumption {
  char path[PLACE_TEXT]; /* of the checkpoint's manifest */
  uint64_t step;
  double seconds;       /* of earlier training */
  char log[PLACE_TEXT]; /* the log and its size at the checkpoint; "": none */
  int64_t log_bytes;
} resumption;

/* The last good copy of the model on the host, saved if the device fails. */
typedef struct good_copy {
  ebb_model_image *image; /* owned by the watchdog; NULL: none */
  ebb_report report;      /* for its weights */
  double taken, cost;     /* time of the copy; seconds it took */
} good_copy;

typedef struct training {
  const settings *s;
  settings *own; /* the same */
  double begun;  /* time when the command began */

  ebb_table *table, *valid_table, *test_table; /* the last two only with --valid FILE, --test
                                                * FILE */
  ebb_split split;                             /* of the table's own rows */
  size_t *order;                               /* rows of the table: training, validation, test */
  size_t train_rows, valid_rows, test_rows;
  ebb_encoder *encoder;
  ebb_dataset train, valid, test;

  ebb_train_options options;
  double layer_rates[EBB_MAX_NODES]; /* those of the options */
  double learning_rate;              /* as given, before conversion to float */
  ebb_device *device;
  ebb_spec spec;
  char spec_text[SPEC_TEXT];
  ebb_network *network;
  ebb_trainer *trainer;
  checkpoints checkpoints;
  resumption resumed;

  FILE *log;
  int log_code;             /* exit code of a log that could not be completed */
  int64_t log_bytes;        /* size of the log; -1: not a regular file */
  bool on_line;             /* a progress line is showing */
  double opened, run_start; /* times when the device was open and when the training began */
  double first_step, ready; /* seconds from `opened` to the end of the first step, and until all
                             * kernels were compiled; 0 before */
  const char *data_on;      /* place of the rows */
  double unit;              /* of the target: figures_unit, by the encoder of the figures */
  ebb_report last, closed, best; /* reports: the newest, the newest good epoch's, the best epoch's;
                                  * zero before the first */
  const ebb_report *kept;        /* the report among them for the network's weights */
  ebb_report refit;              /* --refit: its last report; zero: the model is the search's */
  size_t shown;                  /* the newest epoch printed on a line of its own */
  double drawn;                  /* time of the last progress line */
  scored scores[2];              /* of the unseen parts, or of the training rows */
  size_t scored;                 /* number of scores */
  size_t finished;               /* completed epochs */
  double phase_start;            /* time when the host's current phase began, for the trace */
  uint64_t unprofiled;           /* steps before the profile */

  uint64_t watched;      /* steps at the last run of the sentinel */
  int sentinel_code;     /* exit code for what it found */
  char dump[PLACE_TEXT]; /* file with everything needed to replay it */
  training_stop stop;    /* why the training ends before its last epoch */
  good_copy copy;
  char saved[PLACE_TEXT]; /* path of the written model; "": none */
} training;

#endif
