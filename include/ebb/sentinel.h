/* Checks of a training's own arithmetic: a self-test before the first step, a sentinel between
 * steps, and the replay of wrong numbers.
 *
 * `ebb verify` (verify.h) checks a device on synthetic numbers. These functions check a trainer's
 * kernels on its own batch, parameters and moments, against a plain-C reference in double
 * precision. Kernels, drivers and memory can fail silently, and a training that continues with
 * wrong numbers is worthless.
 */
#ifndef EBB_SENTINEL_H
#define EBB_SENTINEL_H

#include <ebb/trainer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Runs the trainer's next step, or its first. Compares the rows, every layer's forward pass, the
 * loss, the gradients and the update with the reference, at sampled elements that include the first
 * and last of each tensor. Afterwards the trainer is unchanged, to the last bit. NaN and Inf are
 * left to the training, which reports them. Of muon's matrices and of lbfgs only the gradients are
 * compared; the update is left to `ebb verify`. Blocks, about as long as a step by layers, 33 fused
 * steps and some milliseconds.
 * Errors: EBB_ERR_NUMBERS (a number is wrong: says which, its value and the expected value),
 * EBB_ERR_ARGUMENT (the trainer has met NaN or Inf), EBB_ERR_MEMORY and any device error. */
ebb_status ebb_self_test(ebb_trainer *trainer);

/* The same for one random layer of the next step, or one random slice of a fused step's batch. Call
 * it from a report callback or between runs. It does not change the training. `seed` chooses layer
 * and elements: pass a different one each time. If a number is wrong, all data needed to reproduce
 * it are written to `dump` (a path; NULL: nowhere), a safetensors file for ebb_replay. */
ebb_status ebb_sentinel(ebb_trainer *trainer, uint64_t seed, const char *dump);

/* The result of a replay. Texts are truncated to fit. */
typedef struct ebb_replay_result {
  char what[192];   /* "layer 2, forward: a [3, 17]" */
  char spec[256];   /* of the network */
  char device[256]; /* where the number was wrong, with its driver */
  uint64_t step;
  double found;           /* in the training */
  double now;             /* on this device; NaN: this number cannot be computed again */
  double expected, bound; /* by the reference; the largest allowed deviation */
  bool wrong;             /* on this device too: that number, or another one of the operation */
  char worst[192];        /* the worst number now; "" if none is wrong */
} ebb_replay_result;

/* Reads a dump and computes its operation again, on `device` and by the reference. The device keeps
 * its engine, width and precision; the operation uses those of the training. Blocks.
 * Errors: EBB_ERR_NUMBERS (wrong again; `out` is filled), EBB_ERR_INPUT (damaged, or not a dump),
 * EBB_ERR_UNSUPPORTED (the device lacks the training's precision or engine). */
ebb_status ebb_replay(ebb_replay_result *out, ebb_device *device, const char *dump);

#ifdef __cplusplus
}
#endif
#endif
