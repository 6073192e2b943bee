/* The live batch of a trainer: run once more, compared, and every effect undone.
 */
#ifndef EBBI_LIVE_H
#define EBBI_LIVE_H

#include "check/comparison.h"
#include "train/train.h"

/* The parameters and an optimizer's moments. */
enum { EBBI_SLABS = 1 + EBB_OPTIMIZER_MOMENTS };

/* An update of `count` parameters on the host; they need not be adjacent. */
typedef struct ebbi_update_case {
  const ebb_optimizer *optimizer;
  bool grouped;            /* the training has a table of groups */
  ebbi_update_group group; /* of these parameters */
  float *norms;            /* [EBBI_NORM_GROUPS, 2], NULL without clipping by norm */
  float learning_rate;
  uint64_t step;
  size_t count, slices;
  size_t *parameters;                            /* indices in the slab */
  float *before[EBBI_SLABS], *after[EBBI_SLABS]; /* NULL: no such moment */
  float *gradients;                              /* [slices, count] */
} ebbi_update_case;
const char *ebbi_slab_name(size_t slab);
ebb_status ebbi_compare_update(ebbi_comparison *c, const ebbi_update_case *u);

/* Runs the update `before` to `after` by the device's kernel, on tensors that the fixture owns,
 * with the state of an open step. */
ebb_status ebbi_update_case_run(ebbi_update_case *u, const ebb_state *state, ebbi_fixture *fixture);

/* The norm of the trained gradients of a step: on the device, by the reference, and how far they
 * may differ. */
ebb_status ebbi_compare_norm(double *found, double *expected, double *bound, ebbi_fixture *fixture,
                             const ebb_trainer *trainer);

/* What a whole step read and wrote. */
typedef struct ebbi_whole_case {
  const ebb_network *network; /* for its nodes and their places, not its weights */
  const ebbi_whole_layout *layout;
  ebb_loss loss;
  size_t live;
  const float *parameters; /* the slab before the step */
  const double *x, *y;     /* rows of the batch from `first` on, and their targets */
  const double *weights;   /* and weights; NULL unless the loss is weighted */
  size_t first, rows;
  size_t lowest; /* nodes from this one on are compared */
  const ebb_tensor *gradients, *partials;
} ebbi_whole_case;
ebb_status ebbi_compare_whole(ebbi_comparison *c, const ebbi_whole_case *w, size_t slice);

/* The rows of the batch that a slice takes: none if all lie beyond the live rows. */
void ebbi_whole_rows(size_t *first, size_t *count, const ebbi_whole_layout *layout, size_t live,
                     size_t slice);

/* Rows of a batch as it must hold them. */
typedef struct ebbi_rows {
  double *x, *y;   /* [count, inputs], [count, 1 or outputs] */
  double *weights; /* [count]; NULL unless the loss is weighted */
} ebbi_rows;

/* Reads `count` rows of the next batch, from its row `first` on. */
ebb_status ebbi_read_batch(ebbi_rows *out, ebbi_comparison *c, const ebbi_whole_source *source,
                           const ebb_state *before, size_t batch, size_t first, size_t count);

/* A step that has been run on the next batch. */
typedef struct ebbi_live {
  ebb_trainer *trainer;
  const char *where, *dump; /* for a message; a path, or NULL */
  ebbi_comparison comparison;
  ebb_state before, after;
  size_t slot, room;
  bool whole;
  bool closed; /* the step was run with its update, and nothing has changed the weights since */
  float *slabs[EBBI_SLABS]; /* whole steps: before the step; NULL: no such moment */
} ebbi_live;

/* Runs a step: by layers up to its gradients, a whole step with its update, if nothing changes the
 * weights after that. Call ebbi_live_end even
 * after an error; it restores the trainer. */
ebb_status ebbi_live_begin(ebbi_live *live, ebb_trainer *trainer, uint64_t seed);
ebb_status ebbi_live_end(ebbi_live *live);

/* The trainer's parameters or a moment; NULL if there is no such moment. */
ebb_tensor *ebbi_live_slab(const ebb_trainer *trainer, size_t slab);

/* Whole steps: restores parameters, moments and state, so that a step can be run again. */
ebb_status ebbi_live_restore(ebbi_live *live);

/* True if numbers are not finite before or in this step: the training handles these itself. */
bool ebbi_live_is_broken(const ebbi_live *live);

/* By layers: compares a node's forward pass, and for the first node the gathered rows; compares a
 * node's backward pass, and for the last node the loss. Errors of these and the functions below:
 * EBB_ERR_NUMBERS, after writing `dump`. */
ebb_status ebbi_live_check_forward(ebbi_live *live, size_t node);
ebb_status ebbi_live_check_backward(ebbi_live *live, size_t node);

/* Compares a slice of a whole step: the gradients of the nodes from `lowest` on. */
ebb_status ebbi_live_check_slice(ebbi_live *live, size_t slice, size_t lowest);

/* Compares the norm of all gradients, if they are clipped by it, and has the trust ratios computed.
 * Before the updates, which use them. */
ebb_status ebbi_live_check_norm(ebbi_live *live);

/* Compares the trust ratio of a node's parameter, which the optimizer trusts, and returns it. */
ebb_status ebbi_live_check_trust(double *found, ebbi_live *live, const ebbi_update_case *u,
                                 size_t node, size_t parameter);

/* Compares the updates of a node's parameters, if it has any. */
ebb_status ebbi_live_check_update(ebbi_live *live, size_t node);

/* All of these in the order of the step, so that the first fault found is the first in the step. */
ebb_status ebbi_live_check_all(ebbi_live *live);

/* Compares bursts of whole steps with single steps. */
ebb_status ebbi_live_check_burst(ebbi_live *live);

/* ---- dumps ---- */

/* What a dump records: an operation's evidence and the wrong number. */
typedef struct ebbi_evidence {
  const ebbi_step_tensors *step; /* one of these three, or the rows below */
  const ebbi_update_case *update;
  const ebbi_whole_case *whole;
  const ebb_tensor *x, *target, *weights; /* rows: as gathered */
  ebbi_rows true_rows;                    /* and the expected live rows */
  size_t live;
} ebbi_evidence;

/* Returns the error for the worst number, after writing its dump. */
ebb_status ebbi_live_report(ebbi_live *live, const ebbi_evidence *evidence);

/* "layer 2, forward: a [3, 17]", "layer 3 (dropout), forward: y [0, 4]". With `network` NULL,
 * parameters are named by their position among the kept ones. */
void ebbi_number_describe(char *text, size_t size, const ebbi_number *number,
                          const ebb_network *network);

ebb_status ebbi_dump_write(const ebbi_live *live, const ebbi_evidence *evidence, const char *what);

#endif
