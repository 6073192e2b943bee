/* Training inside the library: feeds, evaluation, and the struct behind ebb_trainer. */
#ifndef EBBI_TRAIN_H
#define EBBI_TRAIN_H

#include "base/hash.h"
#include "data/dataset.h"
#include "graph/pass.h"
#include "ops/ops.h"
#include "ops/schedule.h"
#include "train/best.h"
#include "train/lbfgs.h"
#include "train/muon.h"
#include "train/stream.h"
#include "train/updates.h"

#include <ebb/trainer.h>

/* Where steps take their rows from. */
typedef struct ebbi_feed {
  ebbi_feed_spec spec;             /* its dataset is NULL */
  ebb_tensor *x[EBBI_SLOTS];       /* [rows, inputs] F32 or U8, packed */
  ebb_tensor *targets[EBBI_SLOTS]; /* I32 [rows, 1] or F32 [rows, outputs], packed; with weights,
                                    * one more column for them */
  ebbi_stream *stream;             /* fills the slots; NULL: one slot holds all rows */
  size_t rows;                     /* of the dataset */
  float scale;
} ebbi_feed;

/* Checks that the dataset fits network and loss. `largest` may be NULL.
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_INPUT. */
ebb_status ebbi_feed_check(ebbi_largest *largest, const char *where, const ebb_dataset *dataset,
                           const ebb_network *network, ebb_loss loss);

/* Returns the steps of a block of at most `bytes` bytes (0: default), at least one. Small devices
 * get fewer. */
size_t ebbi_feed_block_steps(const ebb_device *device, const ebb_dataset *dataset, size_t batch,
                             size_t bytes);
void ebbi_feed_need(ebbi_need *need, const ebbi_feed_spec *spec);

/* Uploads a checked dataset, or prepares to stream it; the arrays are then borrowed. */
ebb_status ebbi_feed_create(ebbi_feed *out, ebb_device *device, const ebbi_feed_spec *spec);
void ebbi_feed_free(ebbi_feed *feed);
size_t ebbi_feed_slots(const ebbi_feed *feed);

/* Queues the gather of the next step's rows from its row `first` on into the pass's x and target;
 * with `first` 0 it opens the step. */
ebb_status ebbi_feed_gather(ebbi_pass *pass, const ebbi_feed *feed, size_t slot, size_t first);

/* The same for whole steps. */
ebbi_whole_source ebbi_feed_source(const ebbi_feed *feed, size_t slot, ebb_loss loss);

/* Finds the slot with the next step's rows, and how many steps can be queued before another slot is
 * needed. Streamed: the block is being uploaded on return, and launches queued from then on wait
 * for it on the device. */
ebb_status ebbi_feed_enter(size_t *slot, size_t *room, ebbi_feed *feed);

/* Reports that steps have been queued. Streamed: when a block is used up, starts uploading the next
 * one while those steps run. */
ebb_status ebbi_feed_advance(ebbi_feed *feed, size_t steps);

/* Sets the position of the next step: `step` of `epoch`, both from 0. */
ebb_status ebbi_feed_seek(ebbi_feed *feed, size_t epoch, size_t step);

/* Makes sure that all uploads have arrived. Streamed: waits for them.
 * Errors: EBB_ERR_DEVICE. */
ebb_status ebbi_feed_wait(ebbi_feed *feed);

/* A recorded evaluation: gather, forward, loss and sums for each batch. */
typedef struct ebbi_evaluator {
  ebbi_pass *pass;
  ebbi_sequence *sequences[EBBI_SLOTS];
  ebbi_feed feed;
  double target_deviation; /* mse: sum of squared deviations of the targets from their means, by
                            * weight */
  bool recorded;
  bool begun;    /* the device's state is at the start of an evaluation */
  uint64_t done; /* steps that this state has counted */
} ebbi_evaluator;

/* Plans all rows on the device, in their order, in batches for an evaluation. */
ebbi_feed_spec ebbi_evaluator_feed(const ebb_dataset *dataset);
ebb_status ebbi_evaluator_create(ebbi_evaluator *out, ebb_network *network,
                                 const ebbi_feed_spec *spec, ebb_loss loss);
/* Compiles its kernels once: records the batches and runs the first, since some drivers compile
 * when a kernel first runs. Blocks. */
ebb_status ebbi_evaluator_compile(ebbi_evaluator *evaluator);

/* Runs an evaluation. The loss may be NaN or Inf.
 * Errors: EBB_ERR_DEVICE (the number of rows summed is wrong). */
ebb_status ebbi_evaluator_run(ebb_metrics *metrics, ebbi_evaluator *evaluator);
void ebbi_evaluator_free(ebbi_evaluator *evaluator);

/* Computes the means from a state's sums, to which each row has added `members` losses; accuracy is
 * NaN for mse. `outputs`: of the network. */
ebb_metrics ebbi_state_metrics(const ebb_state *state, ebb_loss loss, size_t outputs,
                               size_t members);

/* Rows of the output for each example of a training step. */
size_t ebbi_trainer_members(const ebb_trainer *trainer);

/* False if these sums of weights cannot be. */
bool ebbi_state_hits_possible(const ebb_state *state, ebb_loss loss, size_t outputs);

/* Identifies a dataset. */
typedef struct ebbi_data_print {
  size_t rows, inputs, outputs;
  bool bytes, classes, weighted; /* x_u8, labels, weights */
  float scale;
  ebbi_hash x, targets, weights;
} ebbi_data_print;

ebbi_data_print ebbi_data_print_of(const ebb_dataset *data);

/* Steps of a launch that holds several: enough to make its cost negligible, few enough to keep the
 * queue moving. */
enum { EBBI_BURST = 16 };

/* What the schedule plateau waits for. */
typedef struct ebbi_plateau {
  double best;   /* the best figure so far; NaN: none */
  size_t behind; /* epochs since then, or since the last reduction */
} ebbi_plateau;

struct ebb_trainer {
  ebb_network *network;
  ebb_train_options options;
  ebbi_pass *pass;
  ebbi_feed feed;
  ebbi_evaluator valid;  /* pass NULL: no validation */
  ebbi_evaluator sample; /* without validation: a batch of the training rows, to check that the
                          * weights give finite numbers */
  ebb_tensor *moments[EBB_OPTIMIZER_MOMENTS]; /* the optimizer's; NULL beyond those that it keeps */
  ebbi_update_groups groups;
  ebbi_muon *muon;                   /* NULL: the optimizer has no matrices apart */
  ebbi_lbfgs *lbfgs;                 /* NULL: the optimizer does not search its steps */
  size_t parts;                      /* of a step, whose gradients are added up; 1: none */
  ebb_tensor *accumulated;           /* their sum; NULL for one part */
  double layer_rates[EBB_MAX_NODES]; /* those of the options */
  ebb_tensor *good;                  /* parameters at the end of good_epoch, restored after NaN */
  size_t good_epoch; /* the last finite epoch; with keep_best the best one; 0: the start */
  ebbi_best best;
  ebb_tensor *average;  /* averaged weights; NULL: none */
  ebb_tensor *latest;   /* the weights of the last step, while the network has the best or averaged
                         * ones; NULL without these */
  bool parked;          /* the network has those */
  ebbi_largest largest; /* of the training rows */
  ebbi_sequence *sequences[EBBI_SLOTS]; /* one step each */
  ebbi_sequence *bursts[EBBI_SLOTS];    /* EBBI_BURST steps each; NULL if a launch holds only one */
  size_t epoch_steps;
  size_t epochs_done;
  uint64_t queued;        /* total steps */
  ebbi_schedule schedule; /* of the steps queued from now on */
  ebbi_piece piece;       /* of the next step; the one in the step state */
  ebbi_plateau plateau;
  uint64_t judged;  /* step whose weights were evaluated last */
  bool sound;       /* that evaluation gave finite numbers */
  size_t run_first; /* epochs done when the current run began */
  bool resumed;     /* the next run continues an interrupted one */
  ebbi_data_print train_print, valid_print;
  bool broken; /* ended by NaN, Inf or an impossible state: no more training */
};

/* Queues or records a part of a step up to its gradients, with rows from a slot. Part 0 opens the
 * step; none closes it. */
ebb_status ebbi_trainer_gradients(ebb_trainer *trainer, size_t slot, size_t part);

/* Returns how many of `steps` steps may be queued before the schedule's next piece; at least 1. */
size_t ebbi_trainer_piece_room(const ebb_trainer *trainer, size_t steps);

/* Goes on to the next piece if the last step of this one has been queued. Does not block. */
ebb_status ebbi_trainer_advance_piece(ebb_trainer *trainer);

/* Takes over a schedule for the steps from `queued` on, on the host only. */
void ebbi_trainer_take_schedule(ebb_trainer *trainer, const ebbi_schedule *schedule);

/* Judges an epoch for the schedule plateau, which may reduce the rate; other schedules ignore it.
 * `valid` may be NULL: without validation rows the training loss counts. */
ebb_status ebbi_trainer_judge_plateau(ebb_trainer *trainer, const ebb_metrics *valid,
                                      double train_loss);

/* Copies weights on the device. */
ebb_status ebbi_trainer_copy(ebb_tensor *to, const ebb_tensor *from);

/* Waits for the queue, reads the state, and ends the training if something is not finite. The state
 * is valid after an error, too, and names the next step.
 * Errors: EBB_ERR_NUMBERS, EBB_ERR_DEVICE (the state is impossible). */
ebb_status ebbi_trainer_read_state(ebb_state *state, ebb_trainer *trainer);

/* Checks that this state is possible after the queued steps.  Errors: EBB_ERR_DEVICE. */
ebb_status ebbi_trainer_check(const ebb_state *state, const ebb_trainer *trainer);

/* Ends the training with the last good weights. Returns `why`. */
ebb_status ebbi_trainer_end_bad(ebb_trainer *trainer, ebb_status why);

/* Fails, and describes the first number that is not finite.  Errors: EBB_ERR_NUMBERS. */
ebb_status ebbi_report_bad_numbers(ebb_trainer *trainer, const ebb_state *state);

/* Fails because finite weights give a loss that is not finite.  Errors: EBB_ERR_NUMBERS. */
ebb_status ebbi_report_bad_loss(const ebb_trainer *trainer);

/* What a training will use, before anything is allocated. */
typedef struct ebbi_train_setup {
  ebbi_pass_kind kind;
  size_t batch, parts;         /* rows of a part of a step, and their number; train.batch: all */
  ebbi_feed_spec train, valid; /* valid.dataset NULL: no validation */
  ebbi_feed_spec sample;       /* without validation: its feed */
  ebb_dataset sample_rows;     /* the first batch of the training rows */
} ebbi_train_setup;

/* Chooses the form of the steps and the place of the data so that everything fits the device.
 * Errors: EBB_ERR_MEMORY, with numbers; EBB_ERR_UNSUPPORTED. */
ebb_status ebbi_train_setup_make(ebbi_train_setup *setup, const ebb_network *network,
                                 const ebb_dataset *train, const ebb_dataset *valid,
                                 const ebb_train_options *options);

/* The same for an evaluation, except that data which do not fit either way are left for the
 * allocation to refuse. */
ebb_status ebbi_evaluation_feed_make(ebbi_feed_spec *spec, const ebb_network *network,
                                     const ebb_dataset *dataset, ebb_loss loss);

#endif
