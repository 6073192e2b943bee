/* Verification: checks every kernel and a whole network on this device against a plain-C reference
 * in double precision, and the reference's gradients against central finite differences.
 */
#ifndef EBB_VERIFY_H
#define EBB_VERIFY_H

#include <ebb/trainer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One comparison: the largest error found and its bound. */
typedef struct ebb_check {
  const char *group;  /* "kernel", "forward", "gradient", "update", "reference" */
  const char *name;   /* "matmul_nt cpu", "layer 2 weight" */
  const char *detail; /* shape or case of the largest error: "7x33x129" */
  double error;       /* relative, as defined by the group; NaN never passes */
  double bound;
  bool passed;
} ebb_check;

/* Begin with EBB_VERIFY_OPTIONS_INIT: nothing is checked yet. */
typedef struct ebb_verify_options {
  size_t size;      /* of this struct, in bytes; the macro sets it */
  bool kernels;     /* check every kernel that this device normally uses, on its odd shapes */
  bool all;         /* also kernels for other kinds of device: engines, tiles, widths, units */
  const char *only; /* pattern of the checks to run; NULL: all. See below */
  const ebb_network *network; /* check this network too; NULL: none */
  const ebb_dataset *dataset; /* source of its batch; NULL: random rows */
  size_t batch;               /* rows; 0: 33 */
  ebb_loss loss;
  ebb_optimizer optimizer;
  float learning_rate; /* 0: 0.01 */
  uint64_t seed;
  bool skip_differences; /* skip the finite differences, which do not depend on engine and
                          * optimizer, if another run with the same weights, data and loss makes
                          * them */
  bool reserved[7];      /* so that a later option lies behind what an older program has; false */
} ebb_verify_options;

#define EBB_VERIFY_OPTIONS_INIT                                                                    \
  {                                                                                                \
    sizeof(ebb_verify_options), false, false, 0, 0, 0, 0, {EBB_LOSS_CROSS_ENTROPY, {0}, false},    \
        EBB_ADAM_INIT, 0, 0, false, {                                                              \
      false                                                                                        \
    }                                                                                              \
  }

typedef struct ebb_verify_result {
  size_t checks, failed;
  ebb_check worst; /* the check with the largest error / bound; its strings live in `text` */
  char text[3][96];
} ebb_verify_result;

/* Called after each check; its strings are valid during the call. Return false to stop. */
typedef bool (*ebb_verify_callback)(const ebb_check *check, void *user);

/* Runs the checks and calls `report` (may be NULL) for each: first the products as this device
 * makes them, then the network, then the other kernels, then the checks that only `all` adds. The
 * network's weights are unchanged afterwards. Blocks.
 *
 * `only` is a shell pattern (fnmatch). It selects a check if it matches the check's group, its
 * name, the first word of its name, or group and name separated by a space: "gradient",
 * "matmul_nn", "dense_forward *", "kernel whole_*". Nothing is built for other checks.
 * Errors: EBB_ERR_NUMBERS (a bound is broken; all checks have been run, unless stopped),
 * EBB_ERR_ARGUMENT (also if `only` matches no check), and any device error. */
ebb_status ebb_verify(ebb_verify_result *result, ebb_device *device,
                      const ebb_verify_options *options, ebb_verify_callback report, void *user);

/* The number of checks that ebb_verify would run on this device. */
ebb_status ebb_verify_count(size_t *count, ebb_device *device, const ebb_verify_options *options);

/* Calls `report` for each check that ebb_verify would run, in its order, and runs none: `error` and
 * `bound` are 0, `detail` is "". Return false to stop. Errors: those of ebb_verify, except a broken
 * bound. */
ebb_status ebb_verify_list(ebb_device *device, const ebb_verify_options *options,
                           ebb_verify_callback report, void *user);

#ifdef __cplusplus
}
#endif
#endif
