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
  bool kernels;               /* run every kernel on its odd shapes, in every engine there is */
  const char *only;           /* of the kernel checks those with this in their name; NULL: all */
  const ebb_network *network; /* run this network too; NULL: none */
  const ebb_dataset *dataset; /* its batch comes from here; NULL: random rows */
  size_t batch;               /* rows; 0: 33 */
  ebb_loss loss;
  ebb_optimizer optimizer;
  float learning_rate; /* 0: 0.01 */
  uint64_t seed;
} ebb_verify_options;

typedef struct ebb_verify_result {
  size_t checks, failed;
  ebb_check worst; /* highest error / bound; its strings live in `text` */
  char text[3][96];
} ebb_verify_result;

/* Runs the checks and calls `report` (may be NULL) for each; the check's strings are valid during
 * the call. The network's weights are unchanged afterwards. Blocks.
 * Errors: EBB_ERR_NUMBERS (a bound is broken; all checks have been run), and any device error. */
ebb_status ebb_verify(ebb_verify_result *result, ebb_device *device,
                      const ebb_verify_options *options,
                      void (*report)(const ebb_check *check, void *user), void *user);

#ifdef __cplusplus
}
#endif
#endif
