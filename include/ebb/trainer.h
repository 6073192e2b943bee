/* Training: epochs of recorded steps on the device, evaluation, and the model file.
 *
 * A step (gather, forward, loss, backward, update) is recorded once and replayed: it downloads
 * nothing and, with the data on the device, waits for nothing. Sums of loss and correct rows are
 * read at an epoch's end, and in longer ones every 1,000 steps or about every half second.
 */
#ifndef EBB_TRAINER_H
#define EBB_TRAINER_H

#include <ebb/data.h>
#include <ebb/network.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(NAME, name, what a step is made of) */
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

/* X(NAME, name, where the data sets lie while they are trained on) */
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

/* X(NAME, name, by what of the validation rows epochs are compared) */
#define EBB_MONITOR_LIST(X)                                                                        \
  X(LOSS, "loss", "the loss: the lower, the better")                                               \
  X(ACCURACY, "accuracy", "the accuracy, of classification only: the higher, the better")

typedef enum ebb_monitor {
#define EBB_MONITOR_ENUM(name, text, what) EBB_MONITOR_##name,
  EBB_MONITOR_LIST(EBB_MONITOR_ENUM)
#undef EBB_MONITOR_ENUM
      EBB_MONITOR_COUNT
} ebb_monitor;

typedef struct ebb_train_options {
  ebb_loss loss;
  ebb_optimizer optimizer;
  float learning_rate;   /* the base rate of the schedule */
  ebb_schedule schedule; /* steps 0: of all epochs */
  size_t epochs;
  size_t batch; /* rows a step; the last step of an epoch takes what is left */
  bool shuffle;
  uint64_t seed; /* of the shuffle */
  ebb_step_form step;
  ebb_data_place data_on; /* the results are the same to the last bit */
  size_t block_bytes;     /* of data on the host: the two blocks that lie on the device have at most
                           * so many bytes each, but one batch at least; 0: 8 MiB */

  /* These need validation rows; ebb_trainer_create refuses them without (EBB_ERR_ARGUMENT). */
  bool keep_best; /* a run leaves the weights of the best epoch in the network, not the last ones */
  ebb_monitor monitor; /* what the best epoch is the best by */
  double min_delta; /* a better epoch is better by more than this: of the loss, or of the accuracy
                     * as a fraction */
  size_t patience;  /* a run ends after so many epochs without a better one; 0: never */

  size_t look_steps; /* the callback is called at each multiple of so many steps; 0: 1,000 */
} ebb_train_options;

/* cross_entropy, adam, learning rate 0.001 by the constant schedule, 20 epochs, batch 32, shuffle,
 * seed 1, step auto, data on auto, block bytes 0; best weights not kept, monitor loss, min_delta 0,
 * patience 0; look steps 0. */
ebb_train_options ebb_train_options_default(void);

/* The hidden layers that `ebb train` and simple.h take where none are given; docs/decisions/0022.
 */
#define EBB_DEFAULT_NETWORK "256relu"

/* Amounts that suit a training of so many rows. */
typedef struct ebb_train_amounts {
  size_t batch;
  size_t epochs;   /* with validation rows the most */
  size_t patience; /* epochs without a better one; 0 without validation rows */
} ebb_train_amounts;

/* `batch`: 0, or the one that is wanted. */
ebb_train_amounts ebb_train_amounts_for(size_t rows, size_t valid_rows, size_t batch);

/* How training stands. Losses are means over rows; NaN where there is no such number. */
typedef struct ebb_report {
  bool epoch_end;        /* false: a look after the first step or in the midst of a long epoch,
                          * without validation */
  size_t epoch, epochs;  /* from 1 */
  uint64_t step, steps;  /* steps done, and in all */
  double train_loss;     /* mean over this epoch's rows, each by the weights of its step */
  double train_accuracy; /* classification only */
  double learning_rate;  /* of the last step */
  double valid_loss, valid_accuracy; /* at the end of an epoch; the loss may be NaN or Inf there */
  double valid_r2;                   /* mse only, as in ebb_metrics */
  size_t best_epoch; /* of all runs so far; 0: there is none (no validation rows, or no
                      * epoch whose validation loss was finite) */
  double best_loss, best_accuracy; /* of its validation */
  size_t good_epoch;  /* whose weights a run that ends with EBB_ERR_NUMBERS leaves: the last epoch
                       * with a finite loss after it, with keep_best the best one; 0: the start */
  bool improved;      /* the best epoch is this one */
  bool stopped_early; /* the run ends with this epoch because of the patience */
  double samples_per_second; /* training rows; neither the first step nor validation counts */
  double seconds;            /* of this run, without the first step and what was compiled */
  double first_step_seconds; /* of the very first step, which waits for kernels; 0 in later runs */
} ebb_report;

/* Called after the very first step, when all kernels are compiled, also those of evaluations; at
 * each epoch's end, after its evaluation; and, in long epochs, between: at the multiples of
 * look_steps, and sooner where these are more than about half a second apart. Return false to stop.
 */
typedef bool (*ebb_report_callback)(const ebb_report *report, void *user);

typedef struct ebb_trainer ebb_trainer;

/* Plans the memory, uploads the data and records the step. The network is borrowed, and so are the
 * arrays of the datasets: they must live and stay as they are as long as the trainer, unless the
 * data are on the device by the options; then they may go when this returns. `valid` may be NULL.
 * Errors: EBB_ERR_ARGUMENT (sizes do not fit), EBB_ERR_INPUT (ebb_dataset_check), EBB_ERR_MEMORY
 * (the message says what is needed, what is allowed and what to try), EBB_ERR_UNSUPPORTED (the
 * network is too large for whole steps, which were asked for). */
ebb_status ebb_trainer_create(ebb_trainer **out, ebb_network *network, const ebb_dataset *train,
                              const ebb_dataset *valid, const ebb_train_options *options);
void ebb_trainer_free(ebb_trainer *trainer);

/* LAYERS or WHOLE: what AUTO has come to. */
ebb_step_form ebb_trainer_step_form(const ebb_trainer *trainer);

/* DEVICE or HOST: what AUTO has come to for the training rows. Validation rows lie on the device
 * unless these rows' going to the host is not enough. */
ebb_data_place ebb_trainer_data_place(const ebb_trainer *trainer);

/* Trains for the options' epochs, until `callback` (may be NULL) returns false, or until the
 * patience is over. May be called again to go on from where this run stopped, as one longer run
 * would; after a run that the patience has ended, the patience begins anew. Blocks.
 *
 * With keep_best the network holds the latest weights while a run is under way, and those of the
 * best epoch of all runs when it has ended in any way but EBB_ERR_DEVICE; a run that goes on takes
 * the latest ones again, which the trainer keeps, and what has been written to the network in
 * between is lost.
 * Errors: EBB_ERR_NUMBERS (loss or a weight became NaN or Inf: the message names step and layer,
 * and what to do; or the weights that the run would leave give a loss that is not finite, over the
 * validation rows or else over some of the training rows. The network then holds the weights of
 * good_epoch); EBB_ERR_DEVICE (also: what the device has counted is impossible); EBB_ERR_ARGUMENT
 * (more than UINT32_MAX epochs). After an error no further run is possible. */
ebb_status ebb_trainer_run(ebb_trainer *trainer, ebb_report_callback callback, void *user);

/* Queues `steps` steps, wherever the epoch stands, without waiting, and from the latest weights;
 * with data on the host it waits for earlier uploads, so as to stay at most a few blocks ahead of
 * the device. */
ebb_status ebb_trainer_step(ebb_trainer *trainer, size_t steps);

/* Changes the schedule for the steps queued from now on; its steps count from the next one. Steps 0
 * are taken as by ebb_trainer_create. Waits for nothing.
 * Errors: EBB_ERR_ARGUMENT; EBB_ERR_NUMBERS (the training has failed). */
ebb_status ebb_trainer_set_schedule(ebb_trainer *trainer, const ebb_schedule *schedule,
                                    float learning_rate);

/* The same with the constant schedule, without a warm-up. */
ebb_status ebb_trainer_set_learning_rate(ebb_trainer *trainer, float learning_rate);

typedef struct ebb_metrics {
  double loss;     /* mean over rows (mse: and columns) */
  double accuracy; /* cross_entropy; NaN else */
  double r2;       /* mse: 1 - squared error / squared deviation from the mean, both summed over all
                    * target columns; NaN else, and where the targets do not vary */
  size_t rows;
} ebb_metrics;

/* Loss and accuracy of a network on a dataset, computed on the device, to which rows are streamed
 * if they do not fit. Blocks.
 * Errors: EBB_ERR_NUMBERS (the loss is NaN or Inf). */
ebb_status ebb_evaluate(ebb_metrics *metrics, ebb_network *network, const ebb_dataset *dataset,
                        ebb_loss loss);

#ifdef __cplusplus
}
#endif
#endif
