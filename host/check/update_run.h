/* Optimizer steps on the device, each compared with the reference on its own: the reference starts
 * from the device's values before the step, so bounds do not grow with the number of steps.
 */
#ifndef EBBI_UPDATE_RUN_H
#define EBBI_UPDATE_RUN_H

#include "check/fixture.h"
#include "ops/update_groups.h"

/* A parameter slab with its moments, as doubles. */
typedef struct ebbi_update_values {
  double *parameters, *moments[EBB_OPTIMIZER_MOMENTS];
} ebbi_update_values;

typedef struct ebbi_update_run {
  const ebbi_exec *exec; /* the fixture's */
  ebb_optimizer optimizer;
  double learning_rate;
  const ebbi_update_group *group; /* how all these parameters are treated; NULL: plainly */
  const float *norms;             /* sums of squares of all gradients; NULL: no clipping by norm */
  size_t count;
  ebb_tensor *parameters, *gradients, *state, *partials; /* the caller's */
  ebb_tensor *moments[EBB_OPTIMIZER_MOMENTS]; /* the fixture's; NULL if the optimizer keeps fewer */
  double *slice_values, *gradient_values;     /* on the device [S, count], and their sum */
  double *magnitudes; /* of the terms of a gradient that a group has changed */
  ebbi_update_values found, expected, scale; /* after a step; scale: magnitudes of the terms */
} ebbi_update_run;

/* Reads the parameters' values and makes zero moments. Set the optimizer, the learning rate and the
 * caller's tensors in `run` before. */
ebb_status ebbi_update_run_begin(ebbi_update_run *run, ebbi_fixture *fixture);

/* Computes what a step must make of `found` with `gradient_values`, both filled by the caller, and
 * the scales. Set `count`, optimizer and learning rate in `run` before. */
ebb_status ebbi_update_run_allocate(ebbi_update_run *run, ebbi_fixture *fixture);
void ebbi_update_run_expect(ebbi_update_run *run, uint64_t step);

/* Treats all parameters as a group; `norms` are the sums of squares of all gradients, NULL without
 * clipping by norm. Learning rate and optimizer become the group's. */
void ebbi_update_run_treat(ebbi_update_run *run, const ebbi_update_group *group,
                           const float *norms);

/* Computes the scales alone, of a run that has its expected values. */
void ebbi_update_run_scale(ebbi_update_run *run, uint64_t step);

/* The trust ratio of all parameters of a run that has its expected values, and how far the device's
 * may be off; NaN: it cannot be told.  Source: (O8) */
void ebbi_reference_trust(double *ratio, double *bound, const ebbi_exec *exec,
                          const ebbi_update_run *run, uint64_t step);

/* By how much the group's treatment raises the optimizer's bounds; 0 for parameters that must not
 * change. */
double ebbi_update_run_slack(const ebbi_update_run *run);

/* Adds up the gradients on the device; reads parameters and moments. */
ebb_status ebbi_update_run_sum(ebbi_update_run *run);
ebb_status ebbi_update_run_read(ebbi_update_run *run);

/* Reads parameters and moments after a step, and computes their expected values from the gradients
 * on the device. */
ebb_status ebbi_update_run_follow(ebbi_update_run *run, uint64_t step);

/* Runs one update with the gradients on the device; `live` goes into the state. */
ebb_status ebbi_update_run_step(ebbi_update_run *run, uint64_t step, uint32_t live);

/* Tallies `count` parameters and their moments from `first` on, after a step. */
void ebbi_update_run_tally(const ebbi_update_run *run, ebbi_tally *tally, size_t first,
                           size_t count);

#endif
