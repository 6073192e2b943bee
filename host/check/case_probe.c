/* Cases of the two probes.
 *
 * A probe that skipped steps, chains or vectors would flatter all that is measured against it.
 * `scale` is so near 1 that the steps are too few for the recurrence to forget where it began.
 */
#include "check/bounds.h"
#include "check/verify_kernels.h"

#include "base/error.h"
#include <math.h>

/* x [1, rows cols], `depth` steps. A step's error is u of the magnitudes that enter, and as |scale|
 * < 1 later steps do not enlarge it: the errors of all add up to u of `sum` at most, which the same
 * recurrence over magnitudes gives. */
ebb_status ebbi_case_probe_fma(ebbi_probe *probe, ebbi_shape s) {
  const float scale = 0.97f, shift = 0.3f;
  size_t count = s.rows * s.cols;
  double *x, *y, *sums;
  ebb_tensor *result, *x_tensor;
  ebbi_tally_case(&probe->tally, "%zu, %zu steps", count, s.depth);
  TRY(ebbi_probe_random(&x_tensor, &x, probe, 1, count, 1));
  TRY(ebbi_probe_array(&y, probe, count));
  TRY(ebbi_probe_array(&sums, probe, count));
  TRY(ebbi_probe_output(&result, probe, 1, count));
  TRY(ebbi_probe_fma(probe->exec, result, x_tensor, s.depth, scale, shift));
  ebbi_reference_probe_fma(y, x, count, s.depth, (double)scale, (double)shift);
  for (size_t i = 0; i < count; i++) {
    double magnitude = fabs(x[i]);
    for (size_t step = 0; step < s.depth; step++) {
      magnitude = (double)scale * magnitude + (double)shift;
      sums[i] = (double)scale * sums[i] + magnitude;
    }
  }
  return ebbi_probe_compare(probe, result, y, sums, 2 * EBBI_ROUNDOFF);
}

/* a, b, c [1, rows cols]; the product and the sum may round each. */
ebb_status ebbi_case_probe_triad(ebbi_probe *probe, ebbi_shape s) {
  const float scale = 1.7f;
  size_t count = s.rows * s.cols;
  double *b, *c, *a, *scales;
  ebb_tensor *result, *b_tensor, *c_tensor;
  ebbi_tally_case(&probe->tally, "%zu", count);
  TRY(ebbi_probe_random(&b_tensor, &b, probe, 1, count, 1));
  TRY(ebbi_probe_random(&c_tensor, &c, probe, 1, count, 1));
  TRY(ebbi_probe_array(&a, probe, count));
  TRY(ebbi_probe_array(&scales, probe, count));
  TRY(ebbi_probe_output(&result, probe, 1, count));
  TRY(ebbi_probe_triad(probe->exec, result, b_tensor, c_tensor, scale));
  ebbi_reference_probe_triad(a, b, c, count, (double)scale);
  for (size_t i = 0; i < count; i++) scales[i] = fabs(b[i]) + (double)scale * fabs(c[i]);
  return ebbi_probe_compare(probe, result, a, scales, 2 * EBBI_ROUNDOFF);
}
