/* Cases of the matrix products and the dense layer's passes, fused and in parts.
 *
 * A product's error is measured against the sum of its terms' magnitudes, not against the result:
 * that is what rounding is proportional to, and a result near zero would otherwise look broken.
 */
#include "check/bounds.h"
#include "check/verify_kernels.h"

#include "base/error.h"
#include <math.h>

/* An operand: on the device, in double, its magnitudes, and as products take it. */
typedef struct operand {
  ebb_tensor *tensor;
  double *values, *magnitudes, *factors;
} operand;

static void round_values(double *to, const double *from, size_t count, ebb_precision precision) {
  for (size_t i = 0; i < count; i++) to[i] = ebbi_reference_round(precision, from[i]);
}

static ebb_status make_number_operand(operand *out, ebbi_probe *probe, ebb_dtype dtype, size_t rows,
                                      size_t cols) {
  size_t count = rows * cols;
  TRY(ebbi_probe_normal(&out->values, probe, count, 1));
  if (dtype == EBB_BF16) round_values(out->values, out->values, count, EBB_PRECISION_BF16);
  TRY(ebbi_probe_numbers(&out->tensor, probe, dtype, rows, cols, out->values));
  TRY(ebbi_probe_array(&out->factors, probe, count));
  round_values(out->factors, out->values, count, probe->exec->mma.precision);
  return ebbi_probe_magnitudes(&out->magnitudes, probe, out->values, count);
}

static ebb_status make_operand(operand *out, ebbi_probe *probe, size_t rows, size_t cols) {
  return make_number_operand(out, probe, EBB_F32, rows, cols);
}

/* The types of what a dense layer reads and writes, but for its parameters. */
static ebb_dtype input_type(const ebbi_probe *probe) {
  return probe->half_inputs ? EBB_BF16 : EBB_F32;
}
static ebb_dtype output_type(const ebbi_probe *probe) {
  return probe->half_outputs ? EBB_BF16 : EBB_F32;
}

static ebb_status make_input(operand *out, ebbi_probe *probe, size_t rows, size_t cols) {
  return make_number_operand(out, probe, input_type(probe), rows, cols);
}

static ebb_status make_output(ebb_tensor **out, ebbi_probe *probe, size_t rows, size_t cols) {
  return ebbi_probe_numbers(out, probe, output_type(probe), rows, cols, NULL);
}

/* The bound of a sum over `depth` by the engine or unit in use. */
static double product_bound(const ebbi_probe *probe, size_t depth) {
  return ebbi_bound_product(probe->exec->mma.precision, depth);
}

/* What rounding an output to its type adds to a bound: results do not exceed their scales. */
static double output_bound(const ebbi_probe *probe) {
  return probe->half_outputs ? ebbi_bound_operand(EBB_PRECISION_BF16) : 0;
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
  ebbi_reference_matmul(out->values, a->factors, transpose_a, b->factors, transpose_b, s.rows,
                        s.cols, s.depth);
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
  TRY(ebbi_matmul(probe->exec, result, a.tensor, transpose_a, b.tensor, transpose_b));
  return ebbi_probe_compare(probe, result, c.values, c.scale, product_bound(probe, s.depth));
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
  double bound =
      EBBI_STEEPEST * z_bound + ebbi_bound_activation(probe->activation) + output_bound(probe);
  return ebbi_probe_compare(probe, a, f.values, f.scale, bound);
}

/* x [rows, depth], w [depth, cols]; with z kept and, where the activation allows, without. */
ebb_status ebbi_case_dense_forward(ebbi_probe *probe, ebbi_shape s) {
  operand x, w, b;
  expectation z;
  ebb_tensor *z_result, *a_result, *a_alone;
  size_t count = s.rows * s.cols;
  ebbi_tally_case(&probe->tally, "%zux%zux%zu", s.rows, s.cols, s.depth);
  TRY(make_input(&x, probe, s.rows, s.depth));
  TRY(make_operand(&w, probe, s.depth, s.cols));
  TRY(make_operand(&b, probe, 1, s.cols));
  TRY(expect_product(&z, probe, &x, false, &w, false, s));
  for (size_t i = 0; i < count; i++) {
    z.values[i] += b.values[i % s.cols];
    z.scale[i] += b.magnitudes[i % s.cols];
  }
  TRY(make_output(&z_result, probe, s.rows, s.cols));
  TRY(make_output(&a_result, probe, s.rows, s.cols));
  TRY(make_output(&a_alone, probe, s.rows, s.cols));
  TRY(ebbi_dense_forward(probe->exec, a_result, z_result, x.tensor, w.tensor, b.tensor,
                         probe->activation));
  TRY(ebbi_dense_forward(probe->exec, a_alone, NULL, x.tensor, w.tensor, b.tensor,
                         probe->activation));
  double bound = product_bound(probe, s.depth);
  TRY(ebbi_probe_compare(probe, z_result, z.values, z.scale, bound + output_bound(probe)));
  TRY(compare_activation(probe, a_result, &z, count, bound));
  return compare_activation(probe, a_alone, &z, count, bound);
}

/* A layer's z, and a = f(z), both rounded to their type as a device would hold them. */
typedef struct layer_values {
  ebb_tensor *z, *a;
  double *z_values;
} layer_values;

static ebb_status make_layer_values(layer_values *out, ebbi_probe *probe, size_t rows,
                                    size_t cols) {
  double *a_values;
  size_t count = rows * cols;
  ebb_precision kept = probe->half_outputs ? EBB_PRECISION_BF16 : EBB_PRECISION_FP32;
  TRY(ebbi_probe_normal(&out->z_values, probe, count, 3));
  round_values(out->z_values, out->z_values, count, kept);
  TRY(ebbi_probe_numbers(&out->z, probe, output_type(probe), rows, cols, out->z_values));
  TRY(ebbi_probe_array(&a_values, probe, count));
  for (size_t i = 0; i < count; i++)
    a_values[i] = ebbi_reference_activation(probe->activation, out->z_values[i]);
  round_values(a_values, a_values, count, kept);
  return ebbi_probe_numbers(&out->a, probe, output_type(probe), rows, cols, a_values);
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
  TRY(make_input(&dz, probe, s.rows, s.depth));
  TRY(make_operand(&w, probe, s.cols, s.depth));
  TRY(make_layer_values(&below, probe, s.rows, s.cols));
  TRY(expect_product(&e, probe, &dz, false, &w, true, s));
  apply_slope(&e, probe, below.z_values, s.rows * s.cols);
  TRY(make_output(&result, probe, s.rows, s.cols));
  TRY(ebbi_dense_input_gradient(probe->exec, result, dz.tensor, w.tensor,
                                z_if_needed(&below, probe->activation), below.a,
                                probe->activation));
  double bound = EBBI_STEEPEST * product_bound(probe, s.depth) +
                 ebbi_bound_slope(probe->activation) + output_bound(probe);
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
  TRY(make_input(&x, probe, s.depth, s.rows));
  TRY(make_input(&dz, probe, s.depth, s.cols));
  TRY(expect_product(&dw, probe, &x, true, &dz, false, s));
  TRY(expect_bias_gradient(&db, probe, &dz, s.depth, s.cols));
  TRY(ebbi_probe_output(&dw_result, probe, s.rows, s.cols));
  TRY(ebbi_probe_output(&db_result, probe, 1, s.cols));
  TRY(ebbi_dense_weight_gradient(probe->exec, dw_result, db_result, x.tensor, dz.tensor));
  TRY(ebbi_probe_compare(probe, dw_result, dw.values, dw.scale, product_bound(probe, s.depth)));
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
  TRY(ebbi_activation_forward(probe->exec, a, z.tensor, b.tensor, probe->activation));
  TRY(ebbi_activation_forward(probe->exec, both, both, b.tensor, probe->activation));
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
  TRY(ebbi_activation_backward(probe->exec, dz.tensor, z_if_needed(&layer, probe->activation),
                               layer.a, probe->activation));
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
  TRY(ebbi_bias_gradient(probe->exec, result, dz.tensor));
  return ebbi_probe_compare(probe, result, db.values, db.scale, ebbi_bound_sum(s.rows));
}
