/* Cases of the two yardsticks.
 *
 * A yardstick that skipped steps, chains or vectors would flatter everything measured against it.
 * `scale` is so near 1 that the recurrence still depends on its start after all steps.
 */
#include "check/bounds.h"
#include "check/verify_kernels.h"

#include "base/error.h"
#include <math.h>

/* x [1, rows cols], `depth` steps. A step's error is u times the operands' magnitudes. As |scale| <
 * 1, later steps do not amplify it, so all errors add up to at most u times `sum`, which the same
 * recurrence over magnitudes gives. */
ebb_status ebbi_case_probe_fma(ebbi_fixture *fixture, ebbi_shape s) {
  const float scale = 0.97f, shift = 0.3f;
  size_t count = s.rows * s.cols;
  double *x, *y, *sums;
  ebb_tensor *result, *x_tensor;
  ebbi_tally_case(&fixture->tally, "%zu, %zu steps", count, s.depth);
  TRY(ebbi_fixture_random(&x_tensor, &x, fixture, 1, count, 1));
  TRY(ebbi_fixture_array(&y, fixture, count));
  TRY(ebbi_fixture_array(&sums, fixture, count));
  TRY(ebbi_fixture_output(&result, fixture, 1, count));
  TRY(ebbi_probe_fma(fixture->exec, result, x_tensor, s.depth, scale, shift));
  ebbi_reference_probe_fma(y, x, count, s.depth, (double)scale, (double)shift);
  for (size_t i = 0; i < count; i++) {
    double magnitude = fabs(x[i]);
    for (size_t step = 0; step < s.depth; step++) {
      magnitude = (double)scale * magnitude + (double)shift;
      sums[i] = (double)scale * sums[i] + magnitude;
    }
  }
  return ebbi_fixture_compare(fixture, result, y, sums, 2 * EBBI_ROUNDOFF);
}

/* a, b, c [1, rows cols]; the product and the sum may each round. */
ebb_status ebbi_case_probe_triad(ebbi_fixture *fixture, ebbi_shape s) {
  const float scale = 1.7f;
  size_t count = s.rows * s.cols;
  double *b, *c, *a, *scales;
  ebb_tensor *result, *b_tensor, *c_tensor;
  ebbi_tally_case(&fixture->tally, "%zu", count);
  TRY(ebbi_fixture_random(&b_tensor, &b, fixture, 1, count, 1));
  TRY(ebbi_fixture_random(&c_tensor, &c, fixture, 1, count, 1));
  TRY(ebbi_fixture_array(&a, fixture, count));
  TRY(ebbi_fixture_array(&scales, fixture, count));
  TRY(ebbi_fixture_output(&result, fixture, 1, count));
  TRY(ebbi_probe_triad(fixture->exec, result, b_tensor, c_tensor, scale));
  ebbi_reference_probe_triad(a, b, c, count, (double)scale);
  for (size_t i = 0; i < count; i++) scales[i] = fabs(b[i]) + (double)scale * fabs(c[i]);
  return ebbi_fixture_compare(fixture, result, a, scales, 2 * EBBI_ROUNDOFF);
}
