/* Training inside the library: data on the device, evaluation, and the struct behind ebb_trainer.
 */
#ifndef EBBI_TRAIN_H
#define EBBI_TRAIN_H

#include "net/pass.h"
#include "ops/ops.h"

#include <ebb/trainer.h>

/* A data set on the device, as gather reads it. */
typedef struct ebbi_resident {
  ebb_tensor *x;       /* [rows, inputs] F32 or U8, packed */
  ebb_tensor *targets; /* I32 [rows, 1] or F32 [rows, outputs], packed */
  float scale;
} ebbi_resident;

/* Does the dataset fit network and loss?  Errors: EBB_ERR_ARGUMENT, EBB_ERR_INPUT. */
ebb_status ebbi_resident_check(const char *where, const ebb_dataset *dataset,
                               const ebb_network *network, ebb_loss loss);
void ebbi_resident_need(ebbi_need *need, const ebb_dataset *dataset);

/* Uploads a checked dataset. */
ebb_status ebbi_resident_create(ebbi_resident *out, ebb_device *device, const ebb_dataset *dataset);
void ebbi_resident_free(ebbi_resident *resident);

/* Queues the batch that comes next in the data into the pass's x and target, and opens a step. */
ebb_status ebbi_resident_gather(ebbi_pass *pass, const ebbi_resident *data, bool shuffle,
                                uint64_t seed);

/* A recorded evaluation: gather, forward, loss, sums, batch by batch. */
typedef struct ebbi_evaluator {
  ebbi_pass *pass;
  ebbi_sequence *sequence;
  ebbi_resident data;
  double target_deviation; /* mse: sum of squared deviations of the targets from their means */
} ebbi_evaluator;

/* Rows of an evaluation's batch. */
size_t ebbi_evaluator_batch(const ebb_dataset *dataset);
ebb_status ebbi_evaluator_create(ebbi_evaluator *out, ebb_network *network,
                                 const ebb_dataset *dataset, ebb_loss loss);
ebb_status ebbi_evaluator_run(ebb_metrics *metrics, const ebbi_evaluator *evaluator);
void ebbi_evaluator_free(ebbi_evaluator *evaluator);

/* Means of the sums in a state; accuracy NaN for mse. */
ebb_metrics ebbi_state_metrics(const ebb_state *state, ebb_loss loss);

/* Steps of a launch that holds several: so many that its cost does not count, so few that the queue
 * keeps moving. */
enum { EBBI_BURST = 16 };

struct ebb_trainer {
  ebb_network *network;
  ebb_train_options options;
  ebbi_pass *pass;
  ebbi_resident data;
  ebbi_evaluator valid;       /* pass NULL: no validation */
  ebb_tensor *first, *second; /* the optimizer's moments; NULL where it has no use for them */
  ebb_tensor *good;           /* the parameters at the end of the last good epoch */
  ebbi_sequence *sequence;    /* one step */
  ebbi_sequence *burst; /* EBBI_BURST steps in one launch; NULL where a launch holds only one */
  size_t epoch_steps;
  size_t epochs_done;
  bool broken; /* a number became NaN or Inf: no more training */
};

/* Where whole steps take their batches from. */
ebbi_whole_source ebbi_resident_source(const ebb_trainer *trainer);

#endif
