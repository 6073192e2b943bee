/* Cases of the matrix products and the dense layer's passes, fused and in parts.
 *
 * A product's error is measured against the sum of its terms' magnitudes, not against the result:
 * that is what rounding is proportional to, and a result near zero would otherwise look broken.
 */
#include "check/bounds.h"
#include "check/verify_kernels.h"

#include "base/error.h"
#include <math.h>

/* An operand: on the device, in double, and its magnitudes. */
typedef struct operand {
  ebb_tensor *tensor;
  double *values, *magnitudes;
} operand;

static ebb_status make_operand(operand *out, ebbi_probe *probe, size_t rows, size_t cols) {
  TRY(ebbi_probe_random(&out->tensor, &out->values, probe, rows, cols, 1));
  return ebbi_probe_magnitudes(&out->magnitudes, probe, out->values, rows * cols);
}

/* What a result must be, and what its error is measured by. */
typedef struct expectation {
  double *values, *scale;
} expectation;

static ebb_status make_expectation(expectation *out, ebbi_probe *probe, size_t count) {
  TRY(ebbi_probe_array(&out->values, probe, count));
  return ebbi_probe_array(&out->scale, probe, count);
}

/* op(a).op(b) of the values and of the magnitudes. */
static ebb_status expect_product(expectation *out, ebbi_probe *probe, const operand *a,
                                 bool transpose_a, const operand *b, bool transpose_b,
                                 ebbi_shape s) {
  TRY(make_expectation(out, probe, s.rows * s.cols));
  ebbi_reference_matmul(out->values, a->values, transpose_a, b->values, transpose_b, s.rows, s.cols,
                        s.depth);
  ebbi_reference_matmul(out->scale, a->magnitudes, transpose_a, b->magnitudes, transpose_b, s.rows,
                        s.cols, s.depth);
  return EBB_OK;
}

/* c [rows, cols] over depth. */
static ebb_status run_product(ebbi_probe *probe, ebbi_shape s, bool transpose_a, bool transpose_b) {
  operand a, b;
  expectation c;
  ebb_tensor *result;
  ebbi_tally_case(&probe->tally, "%zux%zux%zu", s.rows, s.cols, s.depth);
  TRY(make_operand(&a, probe, transpose_a ? s.depth : s.rows, transpose_a ? s.rows : s.depth));
  TRY(make_operand(&b, probe, transpose_b ? s.cols : s.depth, transpose_b ? s.depth : s.cols));
  TRY(expect_product(&c, probe, &a, transpose_a, &b, transpose_b, s));
  TRY(ebbi_probe_output(&result, probe, s.rows, s.cols));
  TRY(ebb_matmul(result, a.tensor, transpose_a, b.tensor, transpose_b));
  return ebbi_probe_compare(probe, result, c.values, c.scale, ebbi_bound_sum(s.depth));
}

ebb_status ebbi_case_matmul_nn(ebbi_probe *probe, ebbi_shape shape) {
  return run_product(probe, shape, false, false);
}

ebb_status ebbi_case_matmul_nt(ebbi_probe *probe, ebbi_shape shape) {
  return run_product(probe, shape, false, true);
}

ebb_status ebbi_case_matmul_tn(ebbi_probe *probe, ebbi_shape shape) {
  return run_product(probe, shape, true, false);
}

/* a = f(z), where z has the error `z_bound` of its scale: f enlarges it by its steepest slope, and
 * f's own error is relative to 1 + |z| <= 1 + scale. */
static ebb_status compare_activation(ebbi_probe *probe, const ebb_tensor *a, const expectation *z,
                                     size_t count, double z_bound) {
  expectation f;
  TRY(make_expectation(&f, probe, count));
  for (size_t i = 0; i < count; i++) {
    f.values[i] = ebbi_reference_activation(probe->activation, z->values[i]);
    f.scale[i] = 1 + z->scale[i];
  }
  double bound = EBBI_STEEPEST * z_bound + ebbi_bound_activation(probe->activation);
  return ebbi_probe_compare(probe, a, f.values, f.scale, bound);
}

/* x [rows, depth], w [depth, cols]; with z kept and, where the activation allows, without. */
ebb_status ebbi_case_dense_forward(ebbi_probe *probe, ebbi_shape s) {
  operand x, w, b;
  expectation z;
  ebb_tensor *z_result, *a_result, *a_alone;
  size_t count = s.rows * s.cols;
  ebbi_tally_case(&probe->tally, "%zux%zux%zu", s.rows, s.cols, s.depth);
  TRY(make_operand(&x, probe, s.rows, s.depth));
  TRY(make_operand(&w, probe, s.depth, s.cols));
  TRY(make_operand(&b, probe, 1, s.cols));
  TRY(expect_product(&z, probe, &x, false, &w, false, s));
  for (size_t i = 0; i < count; i++) {
    z.values[i] += b.values[i % s.cols];
    z.scale[i] += b.magnitudes[i % s.cols];
  }
  TRY(ebbi_probe_output(&z_result, probe, s.rows, s.cols));
  TRY(ebbi_probe_output(&a_result, probe, s.rows, s.cols));
  TRY(ebbi_probe_output(&a_alone, probe, s.rows, s.cols));
  TRY(ebb_dense_forward(a_result, z_result, x.tensor, w.tensor, b.tensor, probe->activation));
  TRY(ebb_dense_forward(a_alone, NULL, x.tensor, w.tensor, b.tensor, probe->activation));
  TRY(ebbi_probe_compare(probe, z_result, z.values, z.scale, ebbi_bound_sum(s.depth)));
  TRY(compare_activation(probe, a_result, &z, count, ebbi_bound_sum(s.depth)));
  return compare_activation(probe, a_alone, &z, count, ebbi_bound_sum(s.depth));
}

/* A layer's z, and a = f(z), both rounded to float32 as a device would hold them. */
typedef struct layer_values {
  ebb_tensor *z, *a;
  double *z_values;
} layer_values;

static ebb_status make_layer_values(layer_values *out, ebbi_probe *probe, size_t rows,
                                    size_t cols) {
  double *a_values;
  TRY(ebbi_probe_random(&out->z, &out->z_values, probe, rows, cols, 3));
  TRY(ebbi_probe_array(&a_values, probe, rows * cols));
  for (size_t i = 0; i < rows * cols; i++)
    a_values[i] = ebbi_reference_activation(probe->activation, out->z_values[i]);
  return ebbi_probe_input(&out->a, probe, rows, cols, a_values);
}

/* Multiplies an expectation by f'(z). */
static void apply_slope(expectation *e, const ebbi_probe *probe, const double *z, size_t count) {
  for (size_t i = 0; i < count; i++) {
    e->values[i] *= ebbi_reference_slope(probe->activation, z[i]);
    e->scale[i] *= ebbi_slope_scale(probe->activation, z[i]);
  }
}

static const ebb_tensor *z_if_needed(const layer_values *layer, ebb_activation activation) {
  return ebb_activation_needs_z(activation) ? layer->z : NULL;
}

/* dz [rows, depth], w [cols, depth], dz_below [rows, cols]. */
ebb_status ebbi_case_dense_input_gradient(ebbi_probe *probe, ebbi_shape s) {
  operand dz, w;
  layer_values below;
  expectation e;
  ebb_tensor *result;
  ebbi_tally_case(&probe->tally, "%zux%zux%zu", s.rows, s.cols, s.depth);
  TRY(make_operand(&dz, probe, s.rows, s.depth));
  TRY(make_operand(&w, probe, s.cols, s.depth));
  TRY(make_layer_values(&below, probe, s.rows, s.cols));
  TRY(expect_product(&e, probe, &dz, false, &w, true, s));
  apply_slope(&e, probe, below.z_values, s.rows * s.cols);
  TRY(ebbi_probe_output(&result, probe, s.rows, s.cols));
  TRY(ebb_dense_input_gradient(result, dz.tensor, w.tensor, z_if_needed(&below, probe->activation),
                               below.a, probe->activation));
  double bound = EBBI_STEEPEST * ebbi_bound_sum(s.depth) + ebbi_bound_slope(probe->activation);
  return ebbi_probe_compare(probe, result, e.values, e.scale, bound);
}

/* The sums of dz's columns, and of their magnitudes. */
static ebb_status expect_bias_gradient(expectation *out, ebbi_probe *probe, const operand *dz,
                                       size_t rows, size_t cols) {
  TRY(make_expectation(out, probe, cols));
  for (size_t i = 0; i < rows * cols; i++) {
    out->values[i % cols] += dz->values[i];
    out->scale[i % cols] += dz->magnitudes[i];
  }
  return EBB_OK;
}

/* x [depth, rows], dz [depth, cols], dw [rows, cols]. */
ebb_status ebbi_case_dense_weight_gradient(ebbi_probe *probe, ebbi_shape s) {
  operand x, dz;
  expectation dw, db;
  ebb_tensor *dw_result, *db_result;
  ebbi_tally_case(&probe->tally, "%zux%zux%zu", s.rows, s.cols, s.depth);
  TRY(make_operand(&x, probe, s.depth, s.rows));
  TRY(make_operand(&dz, probe, s.depth, s.cols));
  TRY(expect_product(&dw, probe, &x, true, &dz, false, s));
  TRY(expect_bias_gradient(&db, probe, &dz, s.depth, s.cols));
  TRY(ebbi_probe_output(&dw_result, probe, s.rows, s.cols));
  TRY(ebbi_probe_output(&db_result, probe, 1, s.cols));
  TRY(ebb_dense_weight_gradient(dw_result, db_result, x.tensor, dz.tensor));
  TRY(ebbi_probe_compare(probe, dw_result, dw.values, dw.scale, ebbi_bound_sum(s.depth)));
  return ebbi_probe_compare(probe, db_result, db.values, db.scale, ebbi_bound_sum(s.depth));
}

/* z, a [rows, cols]; z in place, and a in z's place. */
ebb_status ebbi_case_activation_forward(ebbi_probe *probe, ebbi_shape s) {
  operand z, b;
  expectation sum;
  ebb_tensor *a, *both;
  size_t count = s.rows * s.cols;
  ebbi_tally_case(&probe->tally, "%zux%zu", s.rows, s.cols);
  TRY(make_operand(&z, probe, s.rows, s.cols));
  TRY(make_operand(&b, probe, 1, s.cols));
  TRY(make_expectation(&sum, probe, count));
  for (size_t i = 0; i < count; i++) {
    sum.values[i] = z.values[i] + b.values[i % s.cols];
    sum.scale[i] = fabs(sum.values[i]);
  }
  TRY(ebbi_probe_output(&a, probe, s.rows, s.cols));
  TRY(ebbi_probe_input(&both, probe, s.rows, s.cols, z.values));
  TRY(ebb_activation_forward(a, z.tensor, b.tensor, probe->activation));
  TRY(ebb_activation_forward(both, both, b.tensor, probe->activation));
  TRY(ebbi_probe_compare(probe, z.tensor, sum.values, sum.scale, 2 * EBBI_ROUNDOFF));
  TRY(compare_activation(probe, a, &sum, count, 2 * EBBI_ROUNDOFF));
  return compare_activation(probe, both, &sum, count, 2 * EBBI_ROUNDOFF);
}

/* dz, z, a [rows, cols]. */
ebb_status ebbi_case_activation_backward(ebbi_probe *probe, ebbi_shape s) {
  operand dz;
  layer_values layer;
  expectation e;
  size_t count = s.rows * s.cols;
  ebbi_tally_case(&probe->tally, "%zux%zu", s.rows, s.cols);
  TRY(make_operand(&dz, probe, s.rows, s.cols));
  TRY(make_layer_values(&layer, probe, s.rows, s.cols));
  e = (expectation){dz.values, dz.magnitudes};
  apply_slope(&e, probe, layer.z_values, count);
  TRY(ebb_activation_backward(dz.tensor, z_if_needed(&layer, probe->activation), layer.a,
                              probe->activation));
  double bound = 2 * EBBI_ROUNDOFF + ebbi_bound_slope(probe->activation);
  return ebbi_probe_compare(probe, dz.tensor, e.values, e.scale, bound);
}

/* dz [rows, cols]. */
ebb_status ebbi_case_bias_gradient(ebbi_probe *probe, ebbi_shape s) {
  operand dz;
  expectation db;
  ebb_tensor *result;
  ebbi_tally_case(&probe->tally, "%zux%zu", s.rows, s.cols);
  TRY(make_operand(&dz, probe, s.rows, s.cols));
  TRY(expect_bias_gradient(&db, probe, &dz, s.rows, s.cols));
  TRY(ebbi_probe_output(&result, probe, 1, s.cols));
  TRY(ebb_bias_gradient(result, dz.tensor));
  return ebbi_probe_compare(probe, result, db.values, db.scale, ebbi_bound_sum(s.rows));
}
