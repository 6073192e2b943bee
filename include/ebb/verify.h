/* Verification: every kernel and a whole network on this device against a plain-C reference in
 * double precision, and the reference's gradients against central finite differences.
 */
#ifndef EBB_VERIFY_H
#define EBB_VERIFY_H

#include <ebb/trainer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One comparison: the worst error found and the bound it must keep. */
typedef struct ebb_check {
  const char *group;  /* "kernel", "forward", "gradient", "update", "reference" */
  const char *name;   /* "matmul_nt cpu", "layer 2 weight" */
  const char *detail; /* shape or case of the worst error: "7x33x129" */
  double error;       /* relative, as the group defines it; NaN never passes */
  double bound;
  bool passed;
} ebb_check;

typedef struct ebb_verify_options {
  bool kernels;     /* every kernel that this device uses by itself, on its odd shapes */
  bool all;         /* and those of other kinds of device: engines, tiles, widths, units */
  const char *only; /* pattern of the checks to be run; NULL: all of them. See below */
  const ebb_network *network; /* run this network too; NULL: none */
  const ebb_dataset *dataset; /* its batch comes from here; NULL: random rows */
  size_t batch;               /* rows; 0: 33 */
  ebb_loss loss;
  ebb_optimizer optimizer;
  float learning_rate; /* 0: 0.01 */
  uint64_t seed;
  bool skip_differences; /* no finite differences: another run has them, of the same weights, data
                          * and loss. Engines and optimizers make no difference to them */
} ebb_verify_options;

typedef struct ebb_verify_result {
  size_t checks, failed;
  ebb_check worst; /* highest error / bound; its strings live in `text` */
  char text[3][96];
} ebb_verify_result;

/* Called after each check; its strings are valid during the call. Return false to stop. */
typedef bool (*ebb_verify_callback)(const ebb_check *check, void *user);

/* Runs the checks and calls `report` (may be NULL) for each: first the products as this device
 * makes them, then the network, then the other kernels, then what only `all` has. The network's
 * weights are unchanged afterwards. Blocks.
 *
 * `only` is a pattern of the shell (fnmatch). It names a check if it fits the check's group, its
 * name, the name's first word, or group and name with a space between: "gradient", "matmul_nn",
 * "dense_forward *", "kernel whole_*". For other checks nothing is built.
 * Errors: EBB_ERR_NUMBERS (a bound is broken; all checks have been run, unless stopped),
 * EBB_ERR_ARGUMENT (also: `only` names no check), and any device error. */
ebb_status ebb_verify(ebb_verify_result *result, ebb_device *device,
                      const ebb_verify_options *options, ebb_verify_callback report, void *user);

/* How many checks that would be. It depends on the device. */
ebb_status ebb_verify_count(size_t *count, ebb_device *device, const ebb_verify_options *options);

#ifdef __cplusplus
}
#endif
#endif
