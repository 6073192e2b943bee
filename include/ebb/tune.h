/* Tuning: the fastest tile configuration or engine for each class of products, stored on disk.
 *
 * Results are stored as JSON in $XDG_CACHE_HOME/ebb/tune, or ~/.cache/ebb/tune, with one file for
 * each combination of library version, platform, device, driver, precision and engine or tensor
 * core. Opening a device loads the choices for fp32; setting another precision loads those for it.
 * EBB_TUNE=off disables this. A file that is missing, damaged, for anything else, or owned by
 * another user is ignored. Choices change rounding, within the bounds of verify.
 */
#ifndef EBB_TUNE_H
#define EBB_TUNE_H

#include <ebb/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A product c [rows, cols] over `depth`, which represents its class. In a dense layer NN is the
 * forward pass, TN the weight gradient and NT the input gradient. */
typedef struct ebb_tune_shape {
  ebb_layout layout;
  size_t rows, cols, depth;
} ebb_tune_shape;

/* The result for a shape's class. Times are seconds per product; 0: not measured. */
typedef struct ebb_tuned {
  ebb_tune_shape shape;
  int choice; /* as for ebb_device_set_matmul_choice */
  double seconds, auto_seconds;
} ebb_tuned;

/* What the stored choices belong to. */
typedef struct ebb_tune_owner {
  ebb_device_info info;
  ebb_precision precision;
  char engine[16]; /* "gpu", for example; in tf32 and bf16 the tensor core, "nvidia" */
} ebb_tune_owner;

/* Returns the owner of the device's current choices. */
ebb_tune_owner ebb_device_tune_owner(const ebb_device *device);

/* "nn", "nt", "tn". */
const char *ebb_layout_name(ebb_layout layout);

/* Returns "auto", "clblast" or the configuration's name; "?" if there is no such choice. */
const char *ebb_matmul_choice_name(ebb_precision precision, int choice);

/* Returns the path of an owner's file, which need not exist.
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_OUTPUT (no cache folder is possible). */
ebb_status ebb_tune_path(char *path, size_t size, const ebb_tune_owner *owner);

/* Reads an owner's file; the caller frees *list. Unknown entries are skipped.
 * Errors: EBB_ERR_INPUT (missing, damaged, for something else, or owned by another user),
 * EBB_ERR_OUTPUT (the folder is refused), EBB_ERR_MEMORY. */
ebb_status ebb_tune_load(ebb_tuned **list, size_t *count, const ebb_tune_owner *owner);

/* Replaces an owner's file by this list. Open devices keep their choices.
 * Errors: EBB_ERR_OUTPUT, EBB_ERR_MEMORY. */
ebb_status ebb_tune_store(const ebb_tuned *list, size_t count, const ebb_tune_owner *owner);

/* Measures choices for one shape. A candidate may make the driver crash or hang; to be safe from
 * that, run this in a process of its own. */
typedef struct ebb_tuner ebb_tuner;

/* Creates operands of this shape, and of the next smaller odd sizes for the check. They are float32
 * in every precision.
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_MEMORY, EBB_ERR_DEVICE. */
ebb_status ebb_tuner_create(ebb_tuner **out, ebb_device *device, const ebb_tune_shape *shape);

/* Builds what ebb_tuner_measure would run with a choice, without running it: a compiler takes its
 * time, and a measurement that is waited for should not. Restores the device's choice. Blocks.
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_UNSUPPORTED, EBB_ERR_DEVICE (it does not build),
 * EBB_ERR_MEMORY. */
ebb_status ebb_tuner_build(ebb_tuner *tuner, int choice);

/* Checks the dense layer's pass of this layout with a choice, in the device's precision, against
 * the double-precision reference. Then times it alternately with EBB_MATMUL_CONFIG_AUTO and returns
 * both medians. AUTO itself, or any choice if auto_seconds is NULL, is timed alone. A choice that
 * is clearly much slower is timed once. Restores the device's choice for the class. Blocks.
 * Errors: EBB_ERR_ARGUMENT (unknown choice, or the device's precision has changed since the tuner
 * was created), EBB_ERR_NUMBERS (error above the bound), EBB_ERR_UNSUPPORTED (does not fit the
 * device, or a forced engine or configuration excludes it), EBB_ERR_DEVICE, EBB_ERR_MEMORY. */
ebb_status ebb_tuner_measure(double *seconds, double *auto_seconds, ebb_tuner *tuner, int choice);

void ebb_tuner_free(ebb_tuner *tuner);

#ifdef __cplusplus
}
#endif
#endif
