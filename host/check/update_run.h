/* Optimizer steps on the device, each compared with the reference by itself: the reference starts
 * from what the device held before the step, so bounds do not grow with the number of steps.
 */
#ifndef EBBI_UPDATE_RUN_H
#define EBBI_UPDATE_RUN_H

#include "check/probe.h"

/* A parameter slab with its moments, as doubles. */
typedef struct ebbi_update_values {
  double *parameters, *first, *second;
} ebbi_update_values;

typedef struct ebbi_update_run {
  const ebbi_exec *exec; /* of the probe */
  ebb_optimizer optimizer;
  double learning_rate;
  size_t count;
  ebb_tensor *parameters, *gradients, *state, *partials; /* the caller's */
  ebb_tensor *first, *second; /* the probe's; NULL where the optimizer has no use for them */
  double *slice_values, *gradient_values;    /* as on the device [S, count], and added up */
  ebbi_update_values found, expected, scale; /* after a step; scale: magnitudes that enter */
} ebbi_update_run;

/* Takes over the parameters' values and makes the moments, zero. The optimizer, the learning rate
 * and the caller's tensors must stand in `run`. */
ebb_status ebbi_update_run_begin(ebbi_update_run *run, ebbi_probe *probe);

/* What a step must make of the values in `found` by `gradient_values`, both filled by the caller,
 * and the magnitudes that enter. `count`, optimizer and learning rate must stand in `run`. */
ebb_status ebbi_update_run_allocate(ebbi_update_run *run, ebbi_probe *probe);
void ebbi_update_run_expect(ebbi_update_run *run, uint64_t step);

/* Reads what a step has made of parameters and moments, and works out what it should have made, by
 * the gradients as they are on the device. */
ebb_status ebbi_update_run_follow(ebbi_update_run *run, uint64_t step);

/* Runs one update by the gradients as they are on the device; `live` goes into the state. */
ebb_status ebbi_update_run_step(ebbi_update_run *run, uint64_t step, uint32_t live);

/* Tallies `count` parameters and their moments from `first` on, after a step. */
void ebbi_update_run_tally(const ebbi_update_run *run, ebbi_tally *tally, size_t first,
                           size_t count);

#endif
