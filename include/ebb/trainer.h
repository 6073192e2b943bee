/* Training: epochs of recorded steps on the device, evaluation, and the model file.
 *
 * A step (gather, forward, loss, backward, update) is recorded once and replayed. It downloads
 * nothing and, with the data on the device, waits for nothing. Loss sums and correct rows are read
 * at the end of each epoch; within a long epoch they are read every 1,000 steps or about every half
 * second.
 */
#ifndef EBB_TRAINER_H
#define EBB_TRAINER_H

#include <ebb/data.h>
#include <ebb/network.h>
#include <ebb/update.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(NAME, name, description) */
#define EBB_STEP_FORM_LIST(X)                                                                      \
  X(AUTO, "auto", "whole where the network is small enough: on a GPU up to 16,384 parameters")     \
  X(LAYERS, "layers", "gather, a launch a layer and direction, loss, update")                      \
  X(WHOLE, "whole", "one launch up to the gradients, and the update: layers up to 128 wide")

typedef enum ebb_step_form {
#define EBB_STEP_FORM_ENUM(name, text, what) EBB_STEP_##name,
  EBB_STEP_FORM_LIST(EBB_STEP_FORM_ENUM)
#undef EBB_STEP_FORM_ENUM
      EBB_STEP_COUNT
} ebb_step_form;

/* X(NAME, name, where datasets lie during training) */
#define EBB_DATA_PLACE_LIST(X)                                                                     \
  X(AUTO, "auto", "on the device if they fit beside all else, else on the host")                   \
  X(DEVICE, "device", "on the device, uploaded once")                                              \
  X(HOST, "host", "on the host, streamed to the device in blocks while it computes")

typedef enum ebb_data_place {
#define EBB_DATA_PLACE_ENUM(name, text, what) EBB_DATA_##name,
  EBB_DATA_PLACE_LIST(EBB_DATA_PLACE_ENUM)
#undef EBB_DATA_PLACE_ENUM
      EBB_DATA_PLACE_COUNT
} ebb_data_place;

/* X(NAME, name, the figure of the validation rows by which epochs are compared) */
#define EBB_MONITOR_LIST(X)                                                                        \
  X(LOSS, "loss", "the loss: the lower, the better")                                               \
  X(ACCURACY, "accuracy", "the accuracy, of classification only: the higher, the better")

typedef enum ebb_monitor {
#define EBB_MONITOR_ENUM(name, text, what) EBB_MONITOR_##name,
  EBB_MONITOR_LIST(EBB_MONITOR_ENUM)
#undef EBB_MONITOR_ENUM
      EBB_MONITOR_COUNT
} ebb_monitor;

/* Options of a training. Begin with EBB_TRAIN_OPTIONS_INIT, which sets the size and the defaults.
 */
typedef struct ebb_train_options {
  size_t size; /* of this struct, in bytes: a program built with an older header gets the defaults
                * of later options */
  ebb_loss loss;
  ebb_optimizer optimizer;
  float learning_rate;   /* the base rate of the schedule */
  ebb_schedule schedule; /* steps 0: those of all epochs */
  size_t epochs;
  size_t batch; /* rows per step; an epoch's last step takes the rest */
  bool shuffle;
  uint64_t seed; /* of the shuffle */
  ebb_step_form step;
  ebb_data_place data_on; /* has no effect on the results, to the last bit */
  size_t block_bytes; /* data on the host: most bytes of each of the two blocks on the device, at
                       * least one batch; 0: 8 MiB */

  /* The following fields need validation rows; without them ebb_trainer_create fails with
   * EBB_ERR_ARGUMENT. */
  bool keep_best;      /* a run leaves the best epoch's weights in the network, not the last */
  ebb_monitor monitor; /* figure that decides which epoch is best */
  double min_delta;    /* least improvement of a better epoch: of the loss, or of the accuracy as a
                        * fraction */
  size_t patience;     /* a run ends after this many epochs without a better one; 0: never */

  size_t look_steps; /* the callback is called at each multiple of this many steps; 0: 1,000 */
  ebb_schedule_shape shape;  /* parameters of the schedule's kind; count 0: the defaults */
  ebb_update_options update; /* groups of parameters, penalties, clipping */
} ebb_train_options;

/* cross_entropy, adam, learning rate 0.001 by the constant schedule, 20 epochs, batch 32, shuffle,
 * seed 1, step auto, data on auto, block bytes 0; best weights not kept, monitor loss, min_delta 0,
 * patience 0; look steps 0; the schedule's default shape; no update options. */
#define EBB_TRAIN_OPTIONS_INIT                                                                     \
  {sizeof(ebb_train_options),                                                                      \
   {EBB_LOSS_CROSS_ENTROPY, {0}, false},                                                           \
   EBB_ADAM_INIT,                                                                                  \
   0.001f,                                                                                         \
   {EBB_SCHEDULE_CONSTANT, 0, 0, 1},                                                               \
   20,                                                                                             \
   32,                                                                                             \
   true,                                                                                           \
   1,                                                                                              \
   EBB_STEP_AUTO,                                                                                  \
   EBB_DATA_AUTO,                                                                                  \
   0,                                                                                              \
   false,                                                                                          \
   EBB_MONITOR_LOSS,                                                                               \
   0,                                                                                              \
   0,                                                                                              \
   0,                                                                                              \
   {0, {0}},                                                                                       \
   {NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}

/* The default hidden layers of `ebb train` and simple.h; see docs/decisions/0022. */
#define EBB_DEFAULT_NETWORK "256relu"

/* Suitable amounts for a training of a given number of rows. */
typedef struct ebb_train_amounts {
  size_t batch;
  size_t epochs;   /* upper limit if there are validation rows */
  size_t patience; /* epochs without a better one; 0 without validation rows */
} ebb_train_amounts;

/* `batch` is the desired size, or 0. */
ebb_train_amounts ebb_train_amounts_for(size_t rows, size_t valid_rows, size_t batch);

/* Progress of a training. Losses and accuracies are means over rows, by weight if these have
 * weights; figures that do not exist are NaN. */
typedef struct ebb_report {
  bool epoch_end;       /* false: after the first step or within a long epoch, without validation */
  size_t epoch, epochs; /* from 1 */
  uint64_t step, steps; /* steps done, and total */
  double train_loss;    /* mean over this epoch's rows, each with the weights of its step */
  double train_accuracy;             /* classification only */
  double learning_rate;              /* of the last step */
  double valid_loss, valid_accuracy; /* only at an epoch's end; the loss may be NaN or Inf */
  double valid_r2;                   /* mse only, as in ebb_metrics */
  size_t best_epoch; /* of all runs so far; 0: none (no validation rows, or no epoch with a finite
                      * validation loss) */
  double best_loss, best_accuracy; /* its validation figures */
  size_t good_epoch;  /* the epoch whose weights remain if the run ends with EBB_ERR_NUMBERS: the
                       * last epoch with a finite loss after it, with keep_best the best one; 0: the
                       * initial weights */
  bool improved;      /* this epoch is the best */
  bool stopped_early; /* patience ends the run with this epoch */
  double samples_per_second; /* training rows; without the first step and validation */
  double seconds;            /* of this run, without the first step and compilation */
  double first_step_seconds; /* duration of the very first step, which waits for kernels; 0 in later
                              * runs */
  bool converged;            /* lbfgs finds no lower loss; the run ends with this epoch */
} ebb_report;

/* Called after the very first step, when all kernels including those of evaluations are compiled;
 * at the end of each epoch, after its evaluation; and within long epochs at multiples of
 * look_steps, or about every half second if that is sooner. Return false to stop. */
typedef bool (*ebb_report_callback)(const ebb_report *report, void *user);

typedef struct ebb_trainer ebb_trainer;

/* Plans the memory, uploads the data and records the step. The network and the datasets' arrays are
 * borrowed and must stay unchanged as long as the trainer lives; if the options put the data on the
 * device, the arrays may be freed on return. `valid` may be NULL.
 * Errors: EBB_ERR_ARGUMENT (sizes do not fit), EBB_ERR_INPUT (ebb_dataset_check), EBB_ERR_MEMORY
 * (the message says what is needed, what is allowed and what to try), EBB_ERR_UNSUPPORTED (whole
 * steps were requested, and the network is too large for them). */
ebb_status ebb_trainer_create(ebb_trainer **out, ebb_network *network, const ebb_dataset *train,
                              const ebb_dataset *valid, const ebb_train_options *options);
void ebb_trainer_free(ebb_trainer *trainer);

/* Returns LAYERS or WHOLE: the form that AUTO has chosen. */
ebb_step_form ebb_trainer_step_form(const ebb_trainer *trainer);

/* Returns DEVICE or HOST: the place that AUTO has chosen for the training rows. Validation rows lie
 * on the device unless keeping the training rows on the host does not free enough memory. */
ebb_data_place ebb_trainer_data_place(const ebb_trainer *trainer);

/* Trains for the options' epochs, until `callback` (may be NULL) returns false, until patience is
 * exhausted, or until the optimizer has converged. Call it again to continue as one longer run
 * would; after a run that ended by patience, patience starts anew. Blocks.
 *
 * With keep_best the network holds the latest weights during a run, and those of the best epoch of
 * all runs after it, unless it ends with EBB_ERR_DEVICE. The next run continues from the latest
 * weights, which the trainer keeps; anything written to the network in between is lost.
 * Errors: EBB_ERR_NUMBERS (the loss or a weight became NaN or Inf: the message names step, layer
 * and remedy; or the final weights give a loss that is not finite over the validation rows, or
 * without these over some training rows. The network then holds the weights of good_epoch.)
 * EBB_ERR_DEVICE (also if counters read from the device are impossible). EBB_ERR_ARGUMENT (more
 * than UINT32_MAX epochs). No run is possible after an error.
 */
ebb_status ebb_trainer_run(ebb_trainer *trainer, ebb_report_callback callback, void *user);

/* Queues `steps` steps from the current position in the epoch, with the latest weights, without
 * waiting. With data on the host it waits for earlier uploads, so that it stays at most a few
 * blocks ahead of the device. With lbfgs it waits for every step. */
ebb_status ebb_trainer_step(ebb_trainer *trainer, size_t steps);

/* Changes the schedule for all steps queued from now on; its steps count from the next step. Steps
 * 0 have the same meaning as in ebb_trainer_create. Does not block.
 * Errors: EBB_ERR_ARGUMENT; EBB_ERR_NUMBERS (the training has failed). */
ebb_status ebb_trainer_set_schedule(ebb_trainer *trainer, const ebb_schedule *schedule,
                                    float learning_rate);

/* The same with parameters of the schedule's kind; NULL: the defaults. */
ebb_status ebb_trainer_set_shaped_schedule(ebb_trainer *trainer, const ebb_schedule *schedule,
                                           const ebb_schedule_shape *shape, float learning_rate);

/* Sets a constant schedule without warm-up. */
ebb_status ebb_trainer_set_learning_rate(ebb_trainer *trainer, float learning_rate);

typedef struct ebb_metrics {
  double loss;     /* mean over rows, by weight (mse: and columns) */
  double accuracy; /* cross_entropy only, by weight; else NaN */
  double r2; /* mse only: 1 - squared error / squared deviation from the mean, each summed over all
              * target columns; NaN else, and if the targets are constant */
  size_t rows;
} ebb_metrics;

/* Computes loss and accuracy of a network on a dataset on the device. Rows that do not fit are
 * streamed. Blocks.
 * Errors: EBB_ERR_NUMBERS (the loss is NaN or Inf). */
ebb_status ebb_evaluate(ebb_metrics *metrics, ebb_network *network, const ebb_dataset *dataset,
                        ebb_loss loss);

#ifdef __cplusplus
}
#endif
#endif
