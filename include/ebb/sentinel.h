/* Watching a training's own arithmetic: a self-test before the first step, a sentinel between
 * steps, and the replay of what they have found wrong.
 *
 * `ebb verify` (verify.h) checks a device on made-up numbers; these check a trainer's kernels on
 * its own batch, parameters and moments, against a plain-C reference in double precision. Kernels,
 * drivers and memory fail silently; a training that goes on with wrong numbers is worth nothing.
 */
#ifndef EBB_SENTINEL_H
#define EBB_SENTINEL_H

#include <ebb/trainer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Runs the trainer's next step, its first one if it has taken none: the rows, every layer's forward
 * pass, loss, gradients and update are compared with the reference at sampled elements, the first
 * and last of each tensor among them. Afterwards the trainer is as it was, to the last bit. What is
 * NaN or Inf is left to the training, which says so. Blocks, for about the time of a step by layers
 * and that of 33 whole ones, and milliseconds.
 * Errors: EBB_ERR_NUMBERS (a number is wrong: which, what it is and must be), EBB_ERR_ARGUMENT (the
 * trainer has met NaN or Inf), EBB_ERR_MEMORY and any device error. */
ebb_status ebb_self_test(ebb_trainer *trainer);

/* The same for one random layer, or slice of a whole step's batch, of the step that comes next:
 * from a report callback, or between runs. It changes nothing of the training. `seed` chooses layer
 * and elements: another one each time. If a number is wrong all that it needs is written to `dump`
 * (a path; NULL: nowhere), a safetensors file for ebb_replay. */
ebb_status ebb_sentinel(ebb_trainer *trainer, uint64_t seed, const char *dump);

/* What a replay has found. Texts are cut to fit. */
typedef struct ebb_replay_result {
  char what[192];   /* "layer 2, forward: a [3, 17]" */
  char spec[256];   /* of the network */
  char device[256]; /* on which it was found, with its driver */
  uint64_t step;
  double found; /* in the training */
  double now;   /* on this device; NaN: the number is not one that can be computed again */
  double expected, bound; /* by the reference; how far a device may be off */
  bool wrong;             /* on this device too: that number, or another of the operation */
  char worst[192];        /* the worst number now; "" if none is wrong */
} ebb_replay_result;

/* Reads a dump and computes its operation again, on `device` and by the reference. The device keeps
 * its engine, width and precision; the operation takes those of the training. Blocks.
 * Errors: EBB_ERR_NUMBERS (it is wrong again; `out` is filled), EBB_ERR_INPUT (damaged, or no
 * dump), EBB_ERR_UNSUPPORTED (the device has not the precision or engine of the training). */
ebb_status ebb_replay(ebb_replay_result *out, ebb_device *device, const char *dump);

#ifdef __cplusplus
}
#endif
#endif
