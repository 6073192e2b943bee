/* The live batch of a trainer: run once more, compared, and everything put back.
 */
#ifndef EBBI_LIVE_H
#define EBBI_LIVE_H

#include "check/comparison.h"
#include "train/train.h"

/* Parameters, first and second moments. */
enum { EBBI_SLABS = 3 };

/* An update of `count` parameters, which need not lie side by side; on the host. */
typedef struct ebbi_update_case {
  const ebb_optimizer *optimizer;
  float learning_rate;
  uint64_t step;
  size_t count, slices;
  size_t *parameters;                            /* their indices in the slab */
  float *before[EBBI_SLABS], *after[EBBI_SLABS]; /* NULL: there is no such moment */
  float *gradients;                              /* [slices, count] */
} ebbi_update_case;
ebb_status ebbi_compare_update(ebbi_comparison *c, const ebbi_update_case *u);

/* Runs the update by the kernel of the device, on tensors of the probe's: `before` to `after`. The
 * state is that of the open step. */
ebb_status ebbi_update_case_run(ebbi_update_case *u, const ebb_state *state, ebbi_probe *probe);

/* What a whole step has read and written. */
typedef struct ebbi_whole_case {
  const ebb_network *network; /* its layers and where they lie; not its weights */
  const ebbi_whole_plan *plan;
  ebb_loss loss;
  size_t live;
  const float *parameters; /* the slab before the step */
  const double *x, *y;     /* rows of the batch from `first` on, and their labels or values */
  size_t first, rows;
  size_t lowest; /* layers from this one on are compared */
  const ebb_tensor *gradients, *partials;
} ebbi_whole_case;
ebb_status ebbi_compare_whole(ebbi_comparison *c, const ebbi_whole_case *w, size_t slice);

/* The rows of the batch that a slice takes: none in those beyond the live ones. */
void ebbi_whole_rows(size_t *first, size_t *count, const ebbi_whole_plan *plan, size_t live,
                     size_t slice);

/* Rows of the batch that comes next, `count` from the batch's row `first` on, as they must arrive:
 * x [count, inputs], y [count, 1 or outputs]. */
ebb_status ebbi_read_batch(double **x, double **y, ebbi_comparison *c,
                           const ebbi_whole_source *source, const ebb_state *before, size_t batch,
                           size_t first, size_t count);

/* A step that has been run on the batch that comes next. */
typedef struct ebbi_live {
  ebb_trainer *trainer;
  const char *where, *dump; /* for a message; a path, or NULL */
  ebbi_comparison comparison;
  ebb_state before, after;
  size_t slot, room;
  bool whole;
  float *slabs[EBBI_SLABS]; /* whole steps: before the step; NULL: there is no such moment */
} ebbi_live;

/* Runs the step: by layers up to its gradients, and a whole one with its update. ebbi_live_end must
 * be called in any case; it leaves the trainer as it was. */
ebb_status ebbi_live_begin(ebbi_live *live, ebb_trainer *trainer, uint64_t seed);
ebb_status ebbi_live_end(ebbi_live *live);

/* Whole steps: puts parameters, moments and state back, so that a step can be run anew. */
ebb_status ebbi_live_restore(ebbi_live *live);

/* By layers: compares what a layer does on the way up, of the first the rows too; and on the way
 * down, of the last the loss too.
 * Errors of these and the next: EBB_ERR_NUMBERS, after `dump` has been written. */
ebb_status ebbi_live_check_forward(ebbi_live *live, size_t layer);
ebb_status ebbi_live_check_backward(ebbi_live *live, size_t layer);

/* Compares a slice of a whole step: the gradients of the layers from `lowest` on. */
ebb_status ebbi_live_check_slice(ebbi_live *live, size_t slice, size_t lowest);

/* Compares what the update makes of a layer. */
ebb_status ebbi_live_check_update(ebbi_live *live, size_t layer);

/* All of these, in the order of the step, so that what is found first is the first that is wrong.
 */
ebb_status ebbi_live_check_all(ebbi_live *live);

/* Bursts of whole steps against single ones. */
ebb_status ebbi_live_check_burst(ebbi_live *live);

/* ---- dumps ---- */

/* What is to be written: an operation's evidence and the number that is wrong. */
typedef struct ebbi_evidence {
  const ebbi_layer_tensors *layer; /* one of these, or the rows below */
  const ebbi_update_case *update;
  const ebbi_whole_case *whole;
  const ebb_tensor *x, *target;  /* rows: as they have arrived */
  const double *true_x, *true_y; /* and as the live ones should have */
  size_t live;
} ebbi_evidence;

/* The failure for the worst number, with all that it needs in a file. */
ebb_status ebbi_live_report(ebbi_live *live, const ebbi_evidence *evidence);

/* "layer 2, forward: a [3, 17]"; `network` NULL: parameters by their place among those kept. */
void ebbi_number_describe(char *text, size_t size, const ebbi_number *number,
                          const ebb_network *network);

ebb_status ebbi_dump_write(const ebbi_live *live, const ebbi_evidence *evidence, const char *what);

#endif
