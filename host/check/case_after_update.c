/* Cases of what may surround an update: gradients of parts, max-norm, averages of the weights.
 */
#include "check/bounds.h"
#include "check/verify_kernels.h"

#include "base/error.h"
#include "ops/ops.h"

#include <math.h>

static ebb_status make_state(ebb_tensor **out, ebbi_fixture *fixture, uint64_t step, bool frozen) {
  ebb_state state = ebb_state_default(1, step, 1);
  state.frozen = frozen;
  return ebbi_fixture_state(out, fixture, &state);
}

/* Weights [rows, cols] of common and of huge size; a frozen step leaves them. */
ebb_status ebbi_case_max_norm(ebbi_fixture *fixture, ebbi_shape shape) {
  static const double spreads[] = {1, 1e30, 1e-4};
  size_t count = shape.rows * shape.cols;
  for (int i = 0; i < 4; i++) {
    bool frozen = i == 3;
    double spread = spreads[i % 3], most = 0.7 * spread * sqrt((double)shape.rows), *values;
    ebb_tensor *w, *state;
    float *floats;
    ebbi_tally_case(&fixture->tally, "%zux%zu, weights of about %g%s", shape.rows, shape.cols,
                    spread, frozen ? ", frozen" : "");
    TRY(ebbi_fixture_random(&w, &values, fixture, shape.rows, shape.cols, spread));
    TRY(ebbi_fixture_floats(&floats, fixture, count, values));
    TRY(make_state(&state, fixture, 3, frozen));
    TRY(ebbi_max_norm(fixture->exec, w, state, most));
    for (size_t k = 0; k < count && !frozen; k++)
      values[k] *=
          ebbi_reference_max_norm_factor(floats + k % shape.cols, shape.rows, shape.cols, most);
    TRY(ebbi_fixture_compare(fixture, w, values, frozen ? NULL : values,
                             frozen ? 0 : ebbi_bound_max_norm(shape.rows)));
    ebbi_fixture_clear(fixture);
  }
  return EBB_OK;
}

/* The first step, a later one, and a frozen one. */
ebb_status ebbi_case_average(ebbi_fixture *fixture, ebbi_shape shape) {
  size_t count = shape.rows * shape.cols;
  for (uint64_t step = 1; step <= 3; step++) {
    double *old, *p, *scale, part = step == 1 ? 1 : step == 2 ? (double)0.001f : 0;
    ebb_tensor *average, *parameters, *state;
    ebbi_tally_case(&fixture->tally, "%zu, step %d", count, (int)step);
    TRY(ebbi_fixture_random(&average, &old, fixture, 1, count, 1));
    TRY(ebbi_fixture_random(&parameters, &p, fixture, 1, count, 1));
    TRY(make_state(&state, fixture, step, step == 3));
    TRY(ebbi_fixture_array(&scale, fixture, count));
    TRY(ebbi_average(fixture->exec, average, parameters, state, 0.001));
    for (size_t i = 0; i < count; i++) {
      scale[i] = fabs(old[i]) + fabs(p[i]);
      old[i] += part * (p[i] - old[i]);
    }
    TRY(ebbi_fixture_compare(fixture, average, old, step == 2 ? scale : NULL,
                             step == 2 ? 4 * EBBI_ROUNDOFF : 0));
    ebbi_fixture_clear(fixture);
  }
  return EBB_OK;
}

/* The first, a middle and the last part of an epoch's last step, 6 of 8 rows: 5 of them in a part.
 */
ebb_status ebbi_case_accumulate(ebbi_fixture *fixture, ebbi_shape shape) {
  enum { LIVE = 5, STEP_ROWS = 8, ALL = 6 };
  size_t count = shape.rows * shape.cols;
  for (int place = 0; place < 3; place++) {
    const ebbi_part part = {STEP_ROWS, ALL, place == 0, place == 2};
    const float losses[] = {1.5f, 3, 0.25f, 1};
    double *old, *gradient, *scale, share = (double)((float)LIVE / (float)ALL);
    ebb_state state = ebb_state_default(LIVE, 1, 0);
    ebb_tensor *sum, *gradients, *partials, *state_tensor;
    ebbi_tally_case(&fixture->tally, "%zu, part %d", count, place + 1);
    TRY(ebbi_fixture_random(&sum, &old, fixture, 1, count, 1));
    TRY(ebbi_fixture_random(&gradients, &gradient, fixture, 1, count, 1));
    TRY(ebbi_fixture_tensor(&partials, fixture, EBB_F32, 2, 2, true, losses));
    TRY(ebbi_fixture_state(&state_tensor, fixture, &state));
    TRY(ebbi_fixture_array(&scale, fixture, count));
    TRY(ebbi_accumulate(fixture->exec, sum, gradients, state_tensor, partials, &part));
    for (size_t i = 0; i < count; i++) {
      old[i] = (place == 0 ? 0 : old[i]) + share * gradient[i];
      scale[i] = fabs(old[i]) + fabs(gradient[i]);
    }
    TRY(ebbi_fixture_compare(fixture, sum, old, scale, 2 * EBBI_ROUNDOFF));
    TRY(ebb_tensor_download(&state, state_tensor));
    ebbi_tally_add(&fixture->tally, (double)state.loss_sum, place == 2 ? 0 : 1.75, 1, 0);
    ebbi_tally_add(&fixture->tally, state.correct, place == 2 ? 0 : 4, 1, 0);
    ebbi_tally_add(&fixture->tally, state.rows, place == 2 ? 0 : LIVE, 1, 0);
    ebbi_tally_add(&fixture->tally, (double)state.done, 0, 1, 0);
    ebbi_fixture_clear(fixture);
  }
  return EBB_OK;
}
