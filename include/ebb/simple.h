/* The simple interface: train a network on arrays, save it, load it, predict with it.
 *
 * Eight calls cover a complete application. Inputs are standardised, a fifth of the rows is used
 * for validation, and the best epoch is kept. The model file contains all that prediction needs and
 * can be read by the tool `ebb`. The other headers of ebb.h are the advanced interface.
 *
 *   ebb_arrays data = {.x = x, .labels = labels, .rows = 150, .inputs = 4};
 *   ebb_simple *model;
 *   ebb_simple_train(&model, &data, NULL);
 *   ebb_simple_save(model, "iris.safetensors");
 *   ebb_simple_classify(model, found, x, 150);
 *   ebb_simple_free(model);
 */
#ifndef EBB_SIMPLE_H
#define EBB_SIMPLE_H

#include <ebb/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A trained network and the device that runs it. It may be used by one thread at a time. */
typedef struct ebb_simple ebb_simple;

/* Settings of a training. Zero selects the default of every field; EBB_SIMPLE_OPTIONS_INIT sets all
 * to zero. */
typedef struct ebb_simple_options {
  size_t size;                /* of this struct in bytes; set by EBB_SIMPLE_OPTIONS_INIT */
  const char *device;         /* as for ebb_device_open; NULL: the best one */
  const char *network;        /* hidden layers, "512relu-512relu"; NULL: EBB_DEFAULT_NETWORK */
  size_t epochs;              /* upper limit; 0: chosen by the number of rows, with patience */
  size_t batch;               /* 0: 32 */
  double learning_rate;       /* of Adam; 0: 0.001 */
  double valid;               /* fraction of rows for validation; 0: 0.2, negative: none */
  uint64_t seed;              /* of weights, split and order; 0: 1 */
  bool no_scale;              /* do not standardise inputs and values */
  ebb_report_callback report; /* as for ebb_trainer_run; NULL: none */
  void *user;                 /* passed to the callback */
  const char *loss; /* as for ebb_loss_parse, "huber(0.5)", if it goes with the data: labels or
                     * values; NULL: cross_entropy or mse */
} ebb_simple_options;

#define EBB_SIMPLE_OPTIONS_INIT {sizeof(ebb_simple_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

/* Trains a network on rows with labels (classification) or values (regression). The arrays are not
 * needed afterwards. If `options` is NULL, all defaults apply. Blocks.
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_INPUT (a number is missing or not finite; names row and
 * column), EBB_ERR_NO_DEVICE, EBB_ERR_NUMBERS (the training diverged), EBB_ERR_MEMORY,
 * EBB_ERR_DEVICE. */
ebb_status ebb_simple_train(ebb_simple **out, const ebb_arrays *data,
                            const ebb_simple_options *options);

/* Writes the model as ebb_model_save does.
 * Errors: EBB_ERR_OUTPUT, EBB_ERR_DEVICE. */
ebb_status ebb_simple_save(const ebb_simple *model, const char *path);

/* Reads a model written by ebb_simple_save, ebb_model_save or the tool. `device` as in the options.
 * Errors: EBB_ERR_INPUT, EBB_ERR_NO_DEVICE, EBB_ERR_DEVICE, EBB_ERR_MEMORY. */
ebb_status ebb_simple_load(ebb_simple **out, const char *path, const char *device);

/* Number of input columns, and of output columns: classes; or values, of which a loss such as
 * quantile(0.1,0.9) has several for each target, side by side. */
size_t ebb_simple_inputs(const ebb_simple *model);
size_t ebb_simple_outputs(const ebb_simple *model);

/* Returns the name of a class ("2" for the label 2), or NULL if there is no such class. */
const char *ebb_simple_class(const ebb_simple *model, size_t index);

/* Predicts the probability of each class, or the values in their original units. Blocks.
 * Shapes: out [rows, outputs], x [rows, inputs].
 * Errors: EBB_ERR_INPUT, EBB_ERR_DEVICE. */
ebb_status ebb_simple_predict(ebb_simple *model, float *out, const float *x, size_t rows);

/* Predicts the label of the most probable class. Blocks.
 * Shapes: labels [rows], x [rows, inputs].
 * Errors: EBB_ERR_ARGUMENT (a regression, or class names that are not whole numbers),
 * EBB_ERR_INPUT, EBB_ERR_DEVICE. */
ebb_status ebb_simple_classify(ebb_simple *model, int32_t *labels, const float *x, size_t rows);

void ebb_simple_free(ebb_simple *model); /* NULL is accepted */

#ifdef __cplusplus
}
#endif
#endif
