/* The short way: train a network on arrays, keep it in a file, predict with it.
 *
 * Eight calls cover a whole application. Inputs are standardised, a fifth of the rows validates,
 * the best epoch is kept, and the model file has all that prediction needs; the tool `ebb` reads it
 * too. The headers of ebb.h are for everything else.
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

/* A trained network on the device that runs it. One thread uses it at a time. */
typedef struct ebb_simple ebb_simple;

/* Settings of a training. Zero, as EBB_SIMPLE_OPTIONS_INIT has it, is the default of every field.
 */
typedef struct ebb_simple_options {
  size_t size;                /* of this struct, in bytes: EBB_SIMPLE_OPTIONS_INIT sets it */
  const char *device;         /* as for ebb_device_open; NULL: the best one */
  const char *network;        /* hidden layers, "512relu-512relu"; NULL: EBB_DEFAULT_NETWORK */
  size_t epochs;              /* the most; 0: by the number of rows, ended by patience */
  size_t batch;               /* 0: 32 */
  double learning_rate;       /* of Adam; 0: 0.001 */
  double valid;               /* fraction of the rows that validates; 0: 0.2, negative: none */
  uint64_t seed;              /* of weights, split and order; 0: 1 */
  bool no_scale;              /* leaves inputs and values as they are */
  ebb_report_callback report; /* called as by ebb_trainer_run; NULL: never */
  void *user;                 /* handed to it */
} ebb_simple_options;

#define EBB_SIMPLE_OPTIONS_INIT {sizeof(ebb_simple_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

/* Trains a network on rows that have labels (a classifier) or values (a regression). The arrays are
 * not needed afterwards. `options` NULL: all defaults. Blocks.
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_INPUT (a number is missing or not finite: names row and
 * column), EBB_ERR_NO_DEVICE, EBB_ERR_NUMBERS (the training diverged), EBB_ERR_MEMORY,
 * EBB_ERR_DEVICE. */
ebb_status ebb_simple_train(ebb_simple **out, const ebb_arrays *data,
                            const ebb_simple_options *options);

/* Writes the model, as ebb_model_save does.  Errors: EBB_ERR_OUTPUT, EBB_ERR_DEVICE. */
ebb_status ebb_simple_save(const ebb_simple *model, const char *path);

/* Reads a model that ebb_simple_save, ebb_model_save or the tool has written. `device` as in the
 * options.  Errors: EBB_ERR_INPUT, EBB_ERR_NO_DEVICE, EBB_ERR_DEVICE, EBB_ERR_MEMORY. */
ebb_status ebb_simple_load(ebb_simple **out, const char *path, const char *device);

/* Columns of x that prediction takes, and columns that it gives: classes, or values. */
size_t ebb_simple_inputs(const ebb_simple *model);
size_t ebb_simple_outputs(const ebb_simple *model);

/* The name of a class, "2" for the label 2; NULL: there is no such class, or no classes. */
const char *ebb_simple_class(const ebb_simple *model, size_t index);

/* The probability of each class, or the values in their own units. Blocks.
 * Shapes: out [rows, outputs], x [rows, inputs].  Errors: EBB_ERR_INPUT, EBB_ERR_DEVICE. */
ebb_status ebb_simple_predict(ebb_simple *model, float *out, const float *x, size_t rows);

/* The label of the most probable class. Blocks.  Shapes: labels [rows], x [rows, inputs].
 * Errors: EBB_ERR_ARGUMENT (a regression, or classes that are no whole numbers), EBB_ERR_INPUT,
 * EBB_ERR_DEVICE. */
ebb_status ebb_simple_classify(ebb_simple *model, int32_t *labels, const float *x, size_t rows);

void ebb_simple_free(ebb_simple *model); /* NULL is accepted */

#ifdef __cplusplus
}
#endif
#endif
