/* Estimates. f' is computed from what the device itself kept, z or a = f(z): a reference that
 * recomputed z would sometimes land on the other side of a kink. Given an exact a, the error of the
 * device's f' has no term in |z| (bounds.h).
 */
#include "check/estimate.h"

#include "base/error.h"
#include "check/bounds.h"
#include "check/node_function.h"
#include "tensor/tensor.h"

#include <float.h>
#include <math.h>

void ebbi_sample(ebbi_samples *s, ebbi_comparison *c, const ebb_tensor *tensor) {
  s->rows = ebbi_pick(c, tensor->rows, c->watched ? c->watched->row : SIZE_MAX);
  s->cols = ebbi_pick(c, tensor->cols, c->watched ? c->watched->col : SIZE_MAX);
}

ebb_status ebbi_read_samples(double **out, ebbi_comparison *c, const ebb_tensor *tensor,
                             const ebbi_samples *s) {
  double *rows;
  TRY(ebbi_read_rows(&rows, c, tensor, &s->rows));
  TRY(ebbi_fixture_array(out, &c->fixture, s->rows.count * s->cols.count));
  for (size_t i = 0; i < s->rows.count; i++)
    for (size_t j = 0; j < s->cols.count; j++)
      (*out)[i * s->cols.count + j] = rows[i * tensor->cols + s->cols.index[j]];
  return EBB_OK;
}

ebbi_estimate ebbi_estimate_dot(ebb_precision precision, const double *a, const double *b,
                                size_t count) {
  double sum = 0, magnitude = 0, reach = (double)count;
  bool rounded = precision != EBB_PRECISION_FP32;
  for (size_t i = 0; i < count; i++) {
    double left = rounded ? ebbi_reference_round(precision, a[i]) : a[i];
    double right = rounded ? ebbi_reference_round(precision, b[i]) : b[i];
    sum += left * right;
    magnitude += fabs(left * right);
    reach += fabs(left) + fabs(right);
  }
  bool fits = magnitude < (double)FLT_MAX / 2 && reach < (double)FLT_MAX / 2;
  return (ebbi_estimate){fits ? sum : NAN, ebbi_bound_product(precision, count) * magnitude +
                                               (double)FLT_MIN * reach};
}

ebbi_estimate ebbi_estimate_add(ebbi_estimate a, ebbi_estimate b) {
  double sum = a.value + b.value, error = a.error + b.error;
  bool fits = fabs(a.value) + fabs(b.value) < (double)FLT_MAX / 2;
  return (ebbi_estimate){fits ? sum : NAN, error + EBBI_ROUNDOFF * (fabs(sum) + error)};
}

ebbi_estimate ebbi_estimate_keep(ebbi_estimate e, const ebb_tensor *tensor) {
  e.error += (double)FLT_MIN;
  if (tensor->dtype == EBB_BF16)
    e.error += ebbi_bound_operand(EBB_PRECISION_BF16) * (fabs(e.value) + e.error);
  return e;
}

ebbi_estimate ebbi_estimate_activate(const ebb_spec *spec, size_t node, ebbi_estimate z) {
  double error = ebbi_node_value_reach(spec, node, z.value, z.error);
  return (ebbi_estimate){isfinite(error) ? ebbi_node_value(spec, node, z.value) : NAN, error};
}

/* f' from what the device has kept. */
static ebbi_estimate slope_from(const ebb_spec *spec, size_t node, double kept) {
  ebb_activation activation = spec->nodes[node].activation;
  if (ebb_activation_needs_z(activation)) {
    double error = ebbi_node_slope_error(spec, node, kept);
    return (ebbi_estimate){isfinite(error) ? ebbi_node_slope(spec, node, kept) : NAN, error};
  }
  double z = ebbi_reference_preactivation(activation, kept);
  return (ebbi_estimate){ebbi_reference_slope(activation, z),
                         ebbi_bound_slope(activation) * ebbi_activation_growth(activation, z, 0)};
}

ebbi_estimate ebbi_estimate_descend(const ebb_spec *spec, size_t node, ebbi_estimate da,
                                    double kept) {
  ebbi_estimate slope = slope_from(spec, node, kept);
  ebbi_estimate e = {da.value * slope.value,
                     fabs(slope.value) * da.error + slope.error * (fabs(da.value) + da.error)};
  e.error += 2 * EBBI_ROUNDOFF * fabs(e.value);
  return e;
}
