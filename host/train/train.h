/* Training inside the library: where rows come from, evaluation, and the struct behind ebb_trainer.
 */
#ifndef EBBI_TRAIN_H
#define EBBI_TRAIN_H

#include "base/hash.h"
#include "data/dataset.h"
#include "graph/pass.h"
#include "ops/ops.h"
#include "ops/schedule.h"
#include "train/best.h"
#include "train/stream.h"

#include <ebb/trainer.h>

/* Where steps take their rows from. */
typedef struct ebbi_feed {
  ebbi_feed_plan plan;             /* its dataset NULL */
  ebb_tensor *x[EBBI_SLOTS];       /* [rows, inputs] F32 or U8, packed */
  ebb_tensor *targets[EBBI_SLOTS]; /* I32 [rows, 1] or F32 [rows, outputs], packed */
  ebbi_stream *stream;             /* fills the slots; NULL: one slot holds all rows */
  size_t rows;                     /* of the data set */
  float scale;
} ebbi_feed;

/* Checks that the dataset fits network and loss. `largest` may be NULL.
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_INPUT. */
ebb_status ebbi_feed_check(ebbi_largest *largest, const char *where, const ebb_dataset *dataset,
                           const ebb_network *network, ebb_loss loss);

/* Steps of a block of `bytes` bytes at most (0: a default), fewer where the device is small, but
 * one at least. */
size_t ebbi_feed_block_steps(const ebb_device *device, const ebb_dataset *dataset, size_t batch,
                             size_t bytes);
void ebbi_feed_need(ebbi_need *need, const ebbi_feed_plan *plan);

/* Uploads a checked dataset, or makes ready to stream it: then its arrays are borrowed. */
ebb_status ebbi_feed_create(ebbi_feed *out, ebb_device *device, const ebbi_feed_plan *plan);
void ebbi_feed_free(ebbi_feed *feed);
size_t ebbi_feed_slots(const ebbi_feed *feed);

/* Queues the batch that comes next, out of a slot, into the pass's x and target, and opens a step.
 */
ebb_status ebbi_feed_gather(ebbi_pass *pass, const ebbi_feed *feed, size_t slot);

/* The same for whole steps. */
ebbi_whole_source ebbi_feed_source(const ebbi_feed *feed, size_t slot, ebb_loss loss);

/* The slot that holds the rows of the next step, and how many steps can be queued until it is
 * another's turn. Streamed: the block is on its way when this returns, and launches queued from
 * now on wait for it on the device. */
ebb_status ebbi_feed_enter(size_t *slot, size_t *room, ebbi_feed *feed);

/* So many steps have been queued. Streamed: sends the next block on its way when this one is used
 * up, while those steps run. */
ebb_status ebbi_feed_advance(ebbi_feed *feed, size_t steps);

/* The next step is this one of that epoch, both from 0. */
ebb_status ebbi_feed_seek(ebbi_feed *feed, size_t epoch, size_t step);

/* Makes sure that all has arrived that was sent. Streamed: waits for it.  Errors: EBB_ERR_DEVICE.
 */
ebb_status ebbi_feed_settle(ebbi_feed *feed);

/* A recorded evaluation: gather, forward, loss, sums, batch by batch. */
typedef struct ebbi_evaluator {
  ebbi_pass *pass;
  ebbi_sequence *sequences[EBBI_SLOTS];
  ebbi_feed feed;
  double target_deviation; /* mse: sum of squared deviations of the targets from their means */
  bool recorded;
  bool begun;    /* the state on the device is at the start of an evaluation */
  uint64_t done; /* steps that it counts then */
} ebbi_evaluator;

/* All rows on the device in the order in which they are, in batches for an evaluation. */
ebbi_feed_plan ebbi_evaluator_plan(const ebb_dataset *dataset);
ebb_status ebbi_evaluator_create(ebbi_evaluator *out, ebb_network *network,
                                 const ebbi_feed_plan *plan, ebb_loss loss);
/* Compiles its kernels, once: records the batches, and runs the first, since some drivers compile
 * when a kernel is first run. Blocks. */
ebb_status ebbi_evaluator_compile(ebbi_evaluator *evaluator);

/* The loss may be NaN or Inf.  Errors: EBB_ERR_DEVICE (other rows than there are were summed). */
ebb_status ebbi_evaluator_run(ebb_metrics *metrics, ebbi_evaluator *evaluator);
void ebbi_evaluator_free(ebbi_evaluator *evaluator);

/* Means of the sums in a state; accuracy NaN for mse. */
ebb_metrics ebbi_state_metrics(const ebb_state *state, ebb_loss loss);

/* What tells one data set from another. */
typedef struct ebbi_data_print {
  size_t rows, inputs, outputs;
  bool bytes, classes; /* x_u8, labels */
  float scale;
  ebbi_hash x, targets;
} ebbi_data_print;

ebbi_data_print ebbi_data_print_of(const ebb_dataset *data);

/* Steps of a launch that holds several: so many that its cost does not count, so few that the queue
 * keeps moving. */
enum { EBBI_BURST = 16 };

struct ebb_trainer {
  ebb_network *network;
  ebb_train_options options;
  ebbi_pass *pass;
  ebbi_feed feed;
  ebbi_evaluator valid;       /* pass NULL: no validation */
  ebbi_evaluator sample;      /* without it: a batch of the training rows, which tells whether the
                               * weights give finite numbers */
  ebb_tensor *first, *second; /* the optimizer's moments; NULL where it has no use for them */
  ebb_tensor *good;           /* what NaN falls back to: the parameters at the end of good_epoch */
  size_t good_epoch;          /* the last one; with keep_best the best one; 0: those at the start */
  ebbi_best best;
  ebb_tensor *latest; /* keep_best: where a run has stopped, while the network has the best ones */
  bool parked;        /* that is so */
  ebbi_largest largest;                 /* of the training rows */
  ebbi_sequence *sequences[EBBI_SLOTS]; /* one step */
  ebbi_sequence *bursts[EBBI_SLOTS];    /* EBBI_BURST in a launch; NULL where it holds only one */
  size_t epoch_steps;
  size_t epochs_done;
  uint64_t queued;             /* steps, in all */
  ebb_state_schedule schedule; /* of the steps queued now */
  uint64_t judged;             /* the step whose weights were evaluated last */
  bool sound;                  /* they gave finite numbers */
  size_t run_first;            /* epochs done when the run under way began */
  bool resumed;                /* the next run is one that was interrupted */
  ebbi_data_print train_print, valid_print;
  bool broken; /* by NaN or Inf, or by an impossible state: no more training */
};

/* Queues, or records, what a step does up to its gradients, with the batch that comes next out of a
 * slot: opens the step, and does not close it. */
ebb_status ebbi_trainer_gradients(ebb_trainer *trainer, size_t slot);

/* Copies weights on the device. */
ebb_status ebbi_trainer_copy(ebb_tensor *to, const ebb_tensor *from);

/* Waits for the queue, reads the state, and ends the training if something is not finite. The state
 * knows which step is next, after an error too.
 * Errors: EBB_ERR_NUMBERS, EBB_ERR_DEVICE (the state is impossible). */
ebb_status ebbi_trainer_look(ebb_state *state, ebb_trainer *trainer);

/* Checks that the trainer's steps can have left this state.  Errors: EBB_ERR_DEVICE. */
ebb_status ebbi_trainer_check(const ebb_state *state, const ebb_trainer *trainer);

/* Ends the training with the last good weights. Returns `why`. */
ebb_status ebbi_trainer_end_bad(ebb_trainer *trainer, ebb_status why);

/* Fails with what the state tells of the first number that is not finite.  Errors: EBB_ERR_NUMBERS.
 */
ebb_status ebbi_report_bad_numbers(ebb_trainer *trainer, const ebb_state *state);

/* Fails since the weights, all of them finite, give a loss that is not.  Errors: EBB_ERR_NUMBERS.
 */
ebb_status ebbi_report_bad_loss(const ebb_trainer *trainer);

/* What a training is going to take, before anything is allocated. */
typedef struct ebbi_train_plan {
  ebbi_pass_kind kind;
  ebbi_feed_plan train, valid; /* valid.dataset NULL: no validation */
  ebbi_feed_plan sample;       /* then: of */
  ebb_dataset sample_rows;     /* the first batch of the training rows */
} ebbi_train_plan;

/* Chooses the form of the steps and where the data lie, so that all of it fits the device.
 * Errors: EBB_ERR_MEMORY, with numbers; EBB_ERR_UNSUPPORTED. */
ebb_status ebbi_train_plan_make(ebbi_train_plan *plan, const ebb_network *network,
                                const ebb_dataset *train, const ebb_dataset *valid,
                                const ebb_train_options *options);

/* The same for an evaluation alone, but what does not fit either way is left to the allocation. */
ebb_status ebbi_evaluation_plan_make(ebbi_feed_plan *plan, const ebb_network *network,
                                     const ebb_dataset *dataset, ebb_loss loss);

#endif
