/* Cases of the operations on vectors of all parameters, which L-BFGS is made of. */
#include "check/bounds.h"
#include "check/verify_kernels.h"

#include "base/error.h"
#include "ops/vectors.h"

#include <math.h>

/* Into a vector of its own, and into its first operand. */
ebb_status ebbi_case_vector_sum(ebbi_fixture *fixture, ebbi_shape shape) {
  static const double factors[][2] = {{1, -0.375}, {-1, 0}, {0x1p-90, 0x1p60}};
  size_t count = shape.rows * shape.cols;
  for (size_t k = 0; k < sizeof factors / sizeof *factors; k++) {
    double alpha = factors[k][0], beta = factors[k][1], *x, *y, *scale;
    ebb_tensor *to, *a, *b;
    ebbi_tally_case(&fixture->tally, "%zu, factors %g and %g", count, alpha, beta);
    TRY(ebbi_fixture_random(&a, &x, fixture, 1, count, 1));
    TRY(ebbi_fixture_random(&b, &y, fixture, 1, count, 1));
    TRY(ebbi_fixture_output(&to, fixture, 1, count));
    TRY(ebbi_fixture_array(&scale, fixture, count));
    TRY(ebbi_vector_sum(fixture->exec, to, a, b, alpha, beta));
    TRY(ebbi_vector_sum(fixture->exec, a, a, b, alpha, beta));
    for (size_t i = 0; i < count; i++) {
      scale[i] = fabs(alpha * x[i]) + fabs(beta * y[i]);
      x[i] = alpha * x[i] + beta * y[i];
    }
    TRY(ebbi_fixture_compare(fixture, to, x, scale, 2 * EBBI_ROUNDOFF));
    TRY(ebbi_fixture_compare(fixture, a, x, scale, 2 * EBBI_ROUNDOFF));
    ebbi_fixture_clear(fixture);
  }
  return EBB_OK;
}

/* The sums, and the magnitudes that rounding is relative to. `inexact` is the error of the terms.
 */
static ebb_status compare_sums(ebbi_fixture *fixture, const ebb_tensor *sums,
                               const ebbi_sums *expected, const ebbi_sums *scale, size_t count,
                               double inexact) {
  double bound = 2 * ebbi_bound_norm(fixture->exec, count) + inexact;
  ebbi_sums found;
  TRY(ebbi_sums_read(&found, sums));
  ebbi_tally_add(&fixture->tally, found.product, expected->product, scale->product, bound);
  ebbi_tally_add(&fixture->tally, found.square, expected->square, scale->square, bound);
  ebbi_tally_add(&fixture->tally, found.largest, expected->largest, scale->largest, inexact);
  ebbi_tally_add(&fixture->tally, found.total, expected->total, scale->total, bound);
  return EBB_OK;
}

/* Adds what element i, x of a vector, gives to the sums. */
static void add(ebbi_sums *sums, double product, double square, double x) {
  sums->product += product;
  sums->square += square;
  sums->largest = fmax(sums->largest, fabs(x));
  sums->total += fabs(x);
}

ebb_status ebbi_case_vector_dot(ebbi_fixture *fixture, ebbi_shape shape) {
  static const double spreads[] = {1, 1e12};
  size_t count = shape.rows * shape.cols;
  for (size_t k = 0; k < sizeof spreads / sizeof *spreads; k++) {
    ebbi_sums expected = {0}, scale = {0};
    ebb_tensor *a, *b, *sums;
    double *x, *y;
    ebbi_tally_case(&fixture->tally, "%zu, numbers of about %g", count, spreads[k]);
    TRY(ebbi_fixture_random(&a, &x, fixture, 1, count, spreads[k]));
    TRY(ebbi_fixture_random(&b, &y, fixture, 1, count, 1));
    TRY(ebbi_sums_create(&sums, fixture->device));
    TRY(ebbi_fixture_keep(fixture, sums));
    TRY(ebbi_vector_dot(fixture->exec, sums, a, b));
    for (size_t i = 0; i < count; i++) {
      add(&expected, x[i] * y[i], y[i] * y[i], y[i]);
      add(&scale, fabs(x[i] * y[i]), y[i] * y[i], y[i]);
    }
    TRY(compare_sums(fixture, sums, &expected, &scale, count, 0));
    ebbi_fixture_clear(fixture);
  }
  return EBB_OK;
}

/* Gradients of one row and of several; a part of the weights decays. */
ebb_status ebbi_case_objective_gradient(ebbi_fixture *fixture, ebbi_shape shape) {
  size_t count = shape.rows * shape.cols;
  for (size_t slices = 1; slices <= 3; slices += 2) {
    double *gradient, *p, *decay, *d, *g, *terms, inexact = (double)(slices + 3) * EBBI_ROUNDOFF;
    ebb_tensor *to, *sums, *gradients, *parameters, *factors, *direction;
    ebbi_sums expected = {0}, scale = {0};
    ebbi_tally_case(&fixture->tally, "%zu, %zu rows of gradients", count, slices);
    TRY(ebbi_fixture_random(&gradients, &gradient, fixture, slices, count, 1));
    TRY(ebbi_fixture_random(&parameters, &p, fixture, 1, count, 1));
    TRY(ebbi_fixture_random(&direction, &d, fixture, 1, count, 1));
    TRY(ebbi_fixture_array(&decay, fixture, count));
    for (size_t i = 0; i < count; i++) decay[i] = i % 3 ? 0.125 : 0;
    TRY(ebbi_fixture_input(&factors, fixture, 1, count, decay));
    TRY(ebbi_fixture_output(&to, fixture, 1, count));
    TRY(ebbi_fixture_array(&g, fixture, count));
    TRY(ebbi_fixture_array(&terms, fixture, count));
    TRY(ebbi_sums_create(&sums, fixture->device));
    TRY(ebbi_fixture_keep(fixture, sums));
    TRY(ebbi_objective_gradient(fixture->exec, to, sums, gradients, parameters, factors,
                                direction));
    for (size_t i = 0; i < count; i++) {
      g[i] = decay[i] * p[i];
      terms[i] = fabs(g[i]);
      for (size_t s = 0; s < slices; s++) {
        g[i] += gradient[s * count + i];
        terms[i] += fabs(gradient[s * count + i]);
      }
      add(&expected, g[i] * d[i], decay[i] * p[i] * p[i], g[i]);
      add(&scale, terms[i] * fabs(d[i]), decay[i] * p[i] * p[i], terms[i]);
    }
    TRY(ebbi_fixture_compare(fixture, to, g, terms, inexact));
    TRY(compare_sums(fixture, sums, &expected, &scale, count, inexact));
    ebbi_fixture_clear(fixture);
  }
  return EBB_OK;
}
