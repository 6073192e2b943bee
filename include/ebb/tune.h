/* Tuning: which tile configuration or engine is the fastest for products of a class, kept on disk.
 *
 * What is kept lies in $XDG_CACHE_HOME/ebb/tune, or ~/.cache/ebb/tune, a JSON file for each
 * combination of this library's version, platform, device, driver, precision and engine or matrix
 * unit. Opening a device takes over the choices of its file in fp32, setting another precision
 * those of that, unless the variable EBB_TUNE is "off"; a file that is missing, broken, of anything
 * else or not the user's own is as if it were not there. Choices change rounding, within the bounds
 * of verify.
 */
#ifndef EBB_TUNE_H
#define EBB_TUNE_H

#include <ebb/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A product c [rows, cols] over `depth`; it stands for its class. As the dense layer has them: NN
 * is the forward pass, TN the weight gradient, NT the input gradient. */
typedef struct ebb_tune_shape {
  ebb_layout layout;
  size_t rows, cols, depth;
} ebb_tune_shape;

/* What was found for the class of a shape. Seconds a product; 0: not measured. */
typedef struct ebb_tuned {
  ebb_tune_shape shape;
  int choice; /* as for ebb_device_set_matmul_choice */
  double seconds, auto_seconds;
} ebb_tuned;

/* Whose choices they are. */
typedef struct ebb_tune_owner {
  ebb_device_info info;
  ebb_precision precision;
  char engine[16]; /* "gpu" and so on; in tf32 and bf16 the matrix unit, "nvidia" */
} ebb_tune_owner;

/* That of the choices which the device has now. */
ebb_tune_owner ebb_device_tune_owner(const ebb_device *device);

/* "nn", "nt", "tn". */
const char *ebb_layout_name(ebb_layout layout);

/* "auto", "clblast", or the configuration's name; "?" if there is none. */
const char *ebb_matmul_choice_name(ebb_precision precision, int choice);

/* Where an owner's choices are kept, whether there are any or not.
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_OUTPUT (there can be no cache folder). */
ebb_status ebb_tune_path(char *path, size_t size, const ebb_tune_owner *owner);

/* Reads what is kept; the caller frees *list. Entries that this library does not know are left out.
 * Errors: EBB_ERR_INPUT (missing, broken, of something else, not the user's own), EBB_ERR_OUTPUT
 * (the folder is refused), EBB_ERR_MEMORY. */
ebb_status ebb_tune_load(ebb_tuned **list, size_t *count, const ebb_tune_owner *owner);

/* Keeps the list in the place of what was kept before. Devices that are open keep their choices.
 * Errors: EBB_ERR_OUTPUT, EBB_ERR_MEMORY. */
ebb_status ebb_tune_store(const ebb_tuned *list, size_t count, const ebb_tune_owner *owner);

/* Tries choices for one shape. A driver may crash or hang over a candidate: a program that must not
 * do so with it runs this in a process of its own. */
typedef struct ebb_tuner ebb_tuner;

/* Makes operands of this shape, and of the next smaller odd sizes for the check; float32, whatever
 * the precision.
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_MEMORY, EBB_ERR_DEVICE. */
ebb_status ebb_tuner_create(ebb_tuner **out, ebb_device *device, const ebb_tune_shape *shape);

/* Checks the dense layer's pass of this layout, in the device's precision and with a choice,
 * against the double-precision reference, then times it, in turn with EBB_MATMUL_CONFIG_AUTO: the
 * medians of both. AUTO itself, or a choice with auto_seconds NULL, is timed alone. A choice that
 * is at once seen to be much slower is timed once. Blocks. The device's choice for the class is
 * afterwards what it was before.
 * Errors: EBB_ERR_ARGUMENT (no such choice; the device is not in the precision that the tuner was
 * made in), EBB_ERR_NUMBERS (a bound is broken), EBB_ERR_UNSUPPORTED (does not fit the device, or
 * an engine or a configuration is forced that rules it out), EBB_ERR_DEVICE, EBB_ERR_MEMORY. */
ebb_status ebb_tuner_measure(double *seconds, double *auto_seconds, ebb_tuner *tuner, int choice);

void ebb_tuner_free(ebb_tuner *tuner);

#ifdef __cplusplus
}
#endif
#endif
