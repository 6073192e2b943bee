/* Muon's update of a weight matrix: momentum, a direction made orthogonal, a step. */
#ifndef EBBI_MUON_H
#define EBBI_MUON_H

#include "ops/update_groups.h"

/* What an iteration writes besides x [rows, cols], with d the smaller side. */
typedef struct ebbi_muon_scratch {
  ebb_tensor *gram, *square; /* [d, d] */
  ebb_tensor *product;       /* [rows, cols] */
  ebb_tensor *sums;          /* [EBBI_NORM_GROUPS, 2], packed */
} ebbi_muon_scratch;

/* Steps of the iteration, and its polynomial x (a + b s + c s^2) of the singular values' squares.
 */
enum { EBBI_MUON_STEPS = 5 };
#define EBBI_MUON_A 3.4445
#define EBBI_MUON_B (-4.7750)
#define EBBI_MUON_C 2.0315

/* Floats [from, to) of the slabs of a training, and what an update reads. Row `segment` of the
 * groups' table says how gradients are clipped and penalised. */
typedef struct ebbi_muon_place {
  ebb_tensor *parameters, *momentum, *direction; /* [1, count] */
  const ebb_tensor *gradients, *state;           /* [slices, count]; the step state */
  const ebbi_update_groups *groups;
  size_t from, to, segment;
} ebbi_muon_place;

/* momentum += rest (g - momentum); direction = g + (1 - rest) (momentum - g).  Source: (O9) */
ebb_status ebbi_muon_momentum(const ebbi_exec *exec, const ebbi_muon_place *at, double rest);

/* x = x / max(|x|, 1e-7), by the Frobenius norm; 0 if that is not finite. */
ebb_status ebbi_muon_scale(const ebbi_exec *exec, ebb_tensor *x, const ebbi_muon_scratch *scratch);

/* One step of the iteration.  Source: (O10) */
ebb_status ebbi_muon_iterate(const ebbi_exec *exec, ebb_tensor *x,
                             const ebbi_muon_scratch *scratch);

/* p = (1 - rate decay) p - rate factor direction, at the state's rate times `rate`.  Source: (O11)
 */
ebb_status ebbi_muon_apply(const ebbi_exec *exec, const ebbi_muon_place *at, double rate,
                           double factor, double decay);

/* Bytes of the device's workspace that an iteration over [rows, cols] needs. */
size_t ebbi_muon_workspace(const ebbi_exec *exec, const ebb_device *device, size_t rows,
                           size_t cols);

#endif
