/* Cases of the matrix products and of the dense layer's passes, fused and in parts.
 *
 * A product's error is measured against the sum of its terms' magnitudes, because rounding errors
 * are proportional to that sum. Measured against the result, a result near zero would look broken.
 */
#include "check/bounds.h"
#include "check/verify_kernels.h"

#include "base/error.h"
#include <float.h>
#include <math.h>

/* An operand: on the device, as doubles, its magnitudes, and rounded as products round it. */
typedef struct operand {
  ebb_tensor *tensor;
  double *values, *magnitudes, *factors;
} operand;

static void round_values(double *to, const double *from, size_t count, ebb_precision precision) {
  for (size_t i = 0; i < count; i++) to[i] = ebbi_reference_round(precision, from[i]);
}

static ebb_status make_number_operand(operand *out, ebbi_fixture *fixture, ebb_dtype dtype,
                                      size_t rows, size_t cols, double spread) {
  size_t count = rows * cols;
  TRY(ebbi_fixture_normal(&out->values, fixture, count, spread));
  if (dtype == EBB_BF16) round_values(out->values, out->values, count, EBB_PRECISION_BF16);
  TRY(ebbi_fixture_numbers(&out->tensor, fixture, dtype, rows, cols, out->values));
  TRY(ebbi_fixture_array(&out->factors, fixture, count));
  round_values(out->factors, out->values, count, fixture->exec->mma.precision);
  return ebbi_fixture_magnitudes(&out->magnitudes, fixture, out->values, count);
}

static ebb_status make_operand(operand *out, ebbi_fixture *fixture, size_t rows, size_t cols) {
  return make_number_operand(out, fixture, EBB_F32, rows, cols, 1);
}

/* Weights with which f of a sum over `depth` is a float32 number up to ten deviations. */
static ebb_status make_weights(operand *out, ebbi_fixture *fixture, size_t depth, size_t cols) {
  double spread = 1, reach = 10 * sqrt((double)depth + 1);
  while (fabs(ebbi_reference_activation(fixture->activation, spread * reach)) > (double)FLT_MAX ||
         fabs(ebbi_reference_activation(fixture->activation, -spread * reach)) > (double)FLT_MAX)
    spread /= 2;
  return make_number_operand(out, fixture, EBB_F32, depth, cols, spread);
}

/* The types of what a dense layer reads and writes, except its parameters. */
static ebb_dtype input_type(const ebbi_fixture *fixture) {
  return fixture->half_inputs ? EBB_BF16 : EBB_F32;
}
static ebb_dtype output_type(const ebbi_fixture *fixture) {
  return fixture->half_outputs ? EBB_BF16 : EBB_F32;
}

static ebb_status make_input(operand *out, ebbi_fixture *fixture, size_t rows, size_t cols) {
  return make_number_operand(out, fixture, input_type(fixture), rows, cols, 1);
}

static ebb_status make_output(ebb_tensor **out, ebbi_fixture *fixture, size_t rows, size_t cols) {
  return ebbi_fixture_numbers(out, fixture, output_type(fixture), rows, cols, NULL);
}

/* The bound of a sum over `depth` with the current engine or tensor core. */
static double product_bound(const ebbi_fixture *fixture, size_t depth) {
  return ebbi_bound_product(fixture->exec->mma.precision, depth);
}

/* Rounding an output to its type adds this to a bound, since no result exceeds its scale. */
static double output_bound(const ebbi_fixture *fixture) {
  return fixture->half_outputs ? ebbi_bound_operand(EBB_PRECISION_BF16) : 0;
}

/* The expected result, and the scale of its error. */
typedef struct expectation {
  double *values, *scale;
} expectation;

static ebb_status make_expectation(expectation *out, ebbi_fixture *fixture, size_t count) {
  TRY(ebbi_fixture_array(&out->values, fixture, count));
  return ebbi_fixture_array(&out->scale, fixture, count);
}

/* op(a).op(b), of the values and of the magnitudes. */
static ebb_status expect_product(expectation *out, ebbi_fixture *fixture, const operand *a,
                                 bool transpose_a, const operand *b, bool transpose_b,
                                 ebbi_shape s) {
  TRY(make_expectation(out, fixture, s.rows * s.cols));
  ebbi_reference_matmul(out->values, a->factors, transpose_a, b->factors, transpose_b, s.rows,
                        s.cols, s.depth);
  ebbi_reference_matmul(out->scale, a->magnitudes, transpose_a, b->magnitudes, transpose_b, s.rows,
                        s.cols, s.depth);
  return EBB_OK;
}

/* c [rows, cols] over depth. */
static ebb_status run_product(ebbi_fixture *fixture, ebbi_shape s, bool transpose_a,
                              bool transpose_b) {
  operand a, b;
  expectation c;
  ebb_tensor *result;
  ebbi_tally_case(&fixture->tally, "%zux%zux%zu", s.rows, s.cols, s.depth);
  TRY(make_operand(&a, fixture, transpose_a ? s.depth : s.rows, transpose_a ? s.rows : s.depth));
  TRY(make_operand(&b, fixture, transpose_b ? s.cols : s.depth, transpose_b ? s.depth : s.cols));
  TRY(expect_product(&c, fixture, &a, transpose_a, &b, transpose_b, s));
  TRY(ebbi_fixture_output(&result, fixture, s.rows, s.cols));
  TRY(ebbi_matmul(fixture->exec, result, a.tensor, transpose_a, b.tensor, transpose_b));
  return ebbi_fixture_compare(fixture, result, c.values, c.scale, product_bound(fixture, s.depth));
}

ebb_status ebbi_case_matmul_nn(ebbi_fixture *fixture, ebbi_shape shape) {
  return run_product(fixture, shape, false, false);
}

ebb_status ebbi_case_matmul_nt(ebbi_fixture *fixture, ebbi_shape shape) {
  return run_product(fixture, shape, false, true);
}

ebb_status ebbi_case_matmul_tn(ebbi_fixture *fixture, ebbi_shape shape) {
  return run_product(fixture, shape, true, false);
}

/* a = f(z), where z has the error `z_bound` of its scale: f amplifies it by at most its steepest
 * slope, and f's own error is relative to 1 + |z| <= 1 + scale; both times its growth. */
static ebb_status compare_activation(ebbi_fixture *fixture, const ebb_tensor *a,
                                     const expectation *z, size_t count, double z_bound) {
  expectation f;
  TRY(make_expectation(&f, fixture, count));
  for (size_t i = 0; i < count; i++) {
    f.values[i] = ebbi_reference_activation(fixture->activation, z->values[i]);
    f.scale[i] = (1 + z->scale[i]) *
                 ebbi_activation_growth(fixture->activation, z->values[i], z_bound * z->scale[i]);
  }
  double bound =
      EBBI_STEEPEST * z_bound + ebbi_bound_activation(fixture->activation) + output_bound(fixture);
  return ebbi_fixture_compare(fixture, a, f.values, f.scale, bound);
}

/* The layer without bias: the same for every activation, so one is enough to compile. */
static ebb_status run_without_bias(ebbi_fixture *fixture, const operand *x, const operand *w,
                                   const expectation *product, ebbi_shape s) {
  ebb_tensor *z, *a;
  double bound = product_bound(fixture, s.depth);
  if (fixture->activation != EBB_ACT_GELU) return EBB_OK;
  TRY(make_output(&z, fixture, s.rows, s.cols));
  TRY(make_output(&a, fixture, s.rows, s.cols));
  TRY(ebbi_dense_forward(fixture->exec, a, z, x->tensor, w->tensor, NULL, fixture->activation));
  TRY(ebbi_fixture_compare(fixture, z, product->values, product->scale,
                           bound + output_bound(fixture)));
  return compare_activation(fixture, a, product, s.rows * s.cols, bound);
}

/* x [rows, depth], w [depth, cols]; with z kept and, if the activation allows, without. */
ebb_status ebbi_case_dense_forward(ebbi_fixture *fixture, ebbi_shape s) {
  operand x, w, b;
  expectation z;
  ebb_tensor *z_result, *a_result, *a_alone;
  size_t count = s.rows * s.cols;
  ebbi_tally_case(&fixture->tally, "%zux%zux%zu", s.rows, s.cols, s.depth);
  TRY(make_input(&x, fixture, s.rows, s.depth));
  TRY(make_weights(&w, fixture, s.depth, s.cols));
  TRY(make_operand(&b, fixture, 1, s.cols));
  TRY(expect_product(&z, fixture, &x, false, &w, false, s));
  TRY(run_without_bias(fixture, &x, &w, &z, s));
  for (size_t i = 0; i < count; i++) {
    z.values[i] += b.values[i % s.cols];
    z.scale[i] += b.magnitudes[i % s.cols];
  }
  TRY(make_output(&z_result, fixture, s.rows, s.cols));
  TRY(make_output(&a_result, fixture, s.rows, s.cols));
  TRY(make_output(&a_alone, fixture, s.rows, s.cols));
  TRY(ebbi_dense_forward(fixture->exec, a_result, z_result, x.tensor, w.tensor, b.tensor,
                         fixture->activation));
  TRY(ebbi_dense_forward(fixture->exec, a_alone, NULL, x.tensor, w.tensor, b.tensor,
                         fixture->activation));
  double bound = product_bound(fixture, s.depth);
  TRY(ebbi_fixture_compare(fixture, z_result, z.values, z.scale, bound + output_bound(fixture)));
  TRY(compare_activation(fixture, a_result, &z, count, bound));
  return compare_activation(fixture, a_alone, &z, count, bound);
}

/* The kernel for few rows gives c = a.b the bits of the engine's other kernel. */
static ebb_status compare_few(ebbi_fixture *fixture, const ebbi_exec *few, const ebbi_exec *other,
                              ebbi_shape s) {
  operand a, b;
  ebb_tensor *result, *reference;
  double *expected;
  TRY(make_operand(&a, fixture, s.rows, s.depth));
  TRY(make_operand(&b, fixture, s.depth, s.cols));
  TRY(ebbi_fixture_output(&result, fixture, s.rows, s.cols));
  TRY(ebbi_fixture_output(&reference, fixture, s.rows, s.cols));
  TRY(ebbi_matmul(few, result, a.tensor, false, b.tensor, false));
  TRY(ebbi_matmul(other, reference, a.tensor, false, b.tensor, false));
  TRY(ebbi_fixture_read(&expected, fixture, reference));
  return ebbi_fixture_compare(fixture, result, expected, NULL, 0);
}

/* dense_forward by the kernel for few rows, which the device's own choice takes for large products
 * only. */
ebb_status ebbi_case_dense_few_rows(ebbi_fixture *fixture, ebbi_shape s) {
  const ebbi_exec *own = fixture->exec;
  ebbi_exec few = *own, other = *own;
  few.engine = other.engine = EBB_ENGINE_CPU;
  few.engine_forced = other.engine_forced = true;
  few.params.few_cols = 0;
  few.params.few_bytes = 0;
  other.params.few_cols = UINT32_MAX / 2;
  fixture->exec = &few;
  ebb_status status = ebbi_case_dense_forward(fixture, s);
  fixture->exec = own;
  TRY(status);
  return compare_few(fixture, &few, &other, s);
}

/* A layer's z and a = f(z), both rounded to their type as on the device. */
typedef struct layer_values {
  ebb_tensor *z, *a;
  double *z_values;
} layer_values;

static ebb_status make_layer_values(layer_values *out, ebbi_fixture *fixture, size_t rows,
                                    size_t cols) {
  double *a_values;
  size_t count = rows * cols;
  ebb_precision kept = fixture->half_outputs ? EBB_PRECISION_BF16 : EBB_PRECISION_FP32;
  TRY(ebbi_fixture_normal(&out->z_values, fixture, count, 3));
  round_values(out->z_values, out->z_values, count, kept);
  TRY(ebbi_fixture_numbers(&out->z, fixture, output_type(fixture), rows, cols, out->z_values));
  TRY(ebbi_fixture_array(&a_values, fixture, count));
  for (size_t i = 0; i < count; i++)
    a_values[i] = ebbi_reference_activation(fixture->activation, out->z_values[i]);
  round_values(a_values, a_values, count, kept);
  return ebbi_fixture_numbers(&out->a, fixture, output_type(fixture), rows, cols, a_values);
}

/* Multiplies an expectation by f'(z). */
static void apply_slope(expectation *e, const ebbi_fixture *fixture, const double *z,
                        size_t count) {
  for (size_t i = 0; i < count; i++) {
    e->values[i] *= ebbi_reference_slope(fixture->activation, z[i]);
    e->scale[i] *= ebbi_slope_scale(fixture->activation, z[i]);
  }
}

static const ebb_tensor *z_if_needed(const layer_values *layer, ebb_activation activation) {
  return ebb_activation_needs_z(activation) ? layer->z : NULL;
}

/* dz [rows, depth], w [cols, depth], dz_below [rows, cols]. */
ebb_status ebbi_case_dense_input_gradient(ebbi_fixture *fixture, ebbi_shape s) {
  operand dz, w;
  layer_values below;
  expectation e;
  ebb_tensor *result;
  ebbi_tally_case(&fixture->tally, "%zux%zux%zu", s.rows, s.cols, s.depth);
  TRY(make_input(&dz, fixture, s.rows, s.depth));
  TRY(make_operand(&w, fixture, s.cols, s.depth));
  TRY(make_layer_values(&below, fixture, s.rows, s.cols));
  TRY(expect_product(&e, fixture, &dz, false, &w, true, s));
  apply_slope(&e, fixture, below.z_values, s.rows * s.cols);
  TRY(make_output(&result, fixture, s.rows, s.cols));
  TRY(ebbi_dense_input_gradient(fixture->exec, result, dz.tensor, w.tensor,
                                z_if_needed(&below, fixture->activation), below.a,
                                fixture->activation));
  double bound = EBBI_STEEPEST * product_bound(fixture, s.depth) +
                 ebbi_bound_slope(fixture->activation) + output_bound(fixture);
  return ebbi_fixture_compare(fixture, result, e.values, e.scale, bound);
}

/* The sums of dz's columns, and of their magnitudes. */
static ebb_status expect_bias_gradient(expectation *out, ebbi_fixture *fixture, const operand *dz,
                                       size_t rows, size_t cols) {
  TRY(make_expectation(out, fixture, cols));
  for (size_t i = 0; i < rows * cols; i++) {
    out->values[i % cols] += dz->values[i];
    out->scale[i % cols] += dz->magnitudes[i];
  }
  return EBB_OK;
}

/* x [depth, rows], dz [depth, cols], dw [rows, cols]; with db, and without. */
ebb_status ebbi_case_dense_weight_gradient(ebbi_fixture *fixture, ebbi_shape s) {
  operand x, dz;
  expectation dw, db;
  ebb_tensor *dw_result, *db_result, *dw_alone;
  ebbi_tally_case(&fixture->tally, "%zux%zux%zu", s.rows, s.cols, s.depth);
  TRY(make_input(&x, fixture, s.depth, s.rows));
  TRY(make_input(&dz, fixture, s.depth, s.cols));
  TRY(expect_product(&dw, fixture, &x, true, &dz, false, s));
  TRY(expect_bias_gradient(&db, fixture, &dz, s.depth, s.cols));
  TRY(ebbi_fixture_output(&dw_result, fixture, s.rows, s.cols));
  TRY(ebbi_fixture_output(&db_result, fixture, 1, s.cols));
  TRY(ebbi_fixture_output(&dw_alone, fixture, s.rows, s.cols));
  TRY(ebbi_dense_weight_gradient(fixture->exec, dw_result, db_result, x.tensor, dz.tensor));
  TRY(ebbi_dense_weight_gradient(fixture->exec, dw_alone, NULL, x.tensor, dz.tensor));
  TRY(ebbi_fixture_compare(fixture, dw_result, dw.values, dw.scale,
                           product_bound(fixture, s.depth)));
  TRY(ebbi_fixture_compare(fixture, dw_alone, dw.values, dw.scale,
                           product_bound(fixture, s.depth)));
  return ebbi_fixture_compare(fixture, db_result, db.values, db.scale, ebbi_bound_sum(s.depth));
}

/* z, a [rows, cols]; also in place: z overwritten, a where z was. */
ebb_status ebbi_case_activation_forward(ebbi_fixture *fixture, ebbi_shape s) {
  operand z, b;
  expectation sum;
  ebb_tensor *a, *both;
  size_t count = s.rows * s.cols;
  ebbi_tally_case(&fixture->tally, "%zux%zu", s.rows, s.cols);
  TRY(make_operand(&z, fixture, s.rows, s.cols));
  TRY(make_operand(&b, fixture, 1, s.cols));
  TRY(make_expectation(&sum, fixture, count));
  for (size_t i = 0; i < count; i++) {
    sum.values[i] = z.values[i] + b.values[i % s.cols];
    sum.scale[i] = fabs(sum.values[i]);
  }
  TRY(ebbi_fixture_output(&a, fixture, s.rows, s.cols));
  TRY(ebbi_fixture_input(&both, fixture, s.rows, s.cols, z.values));
  TRY(ebbi_activation_forward(fixture->exec, a, z.tensor, b.tensor, fixture->activation));
  TRY(ebbi_activation_forward(fixture->exec, both, both, b.tensor, fixture->activation));
  TRY(ebbi_fixture_compare(fixture, z.tensor, sum.values, sum.scale, 2 * EBBI_ROUNDOFF));
  TRY(compare_activation(fixture, a, &sum, count, 2 * EBBI_ROUNDOFF));
  return compare_activation(fixture, both, &sum, count, 2 * EBBI_ROUNDOFF);
}

/* dz, z, a [rows, cols]. */
ebb_status ebbi_case_activation_backward(ebbi_fixture *fixture, ebbi_shape s) {
  operand dz;
  layer_values layer;
  expectation e;
  size_t count = s.rows * s.cols;
  ebbi_tally_case(&fixture->tally, "%zux%zu", s.rows, s.cols);
  TRY(make_operand(&dz, fixture, s.rows, s.cols));
  TRY(make_layer_values(&layer, fixture, s.rows, s.cols));
  e = (expectation){dz.values, dz.magnitudes};
  apply_slope(&e, fixture, layer.z_values, count);
  TRY(ebbi_activation_backward(fixture->exec, dz.tensor, z_if_needed(&layer, fixture->activation),
                               layer.a, fixture->activation));
  double bound = 2 * EBBI_ROUNDOFF + ebbi_bound_slope(fixture->activation);
  return ebbi_fixture_compare(fixture, dz.tensor, e.values, e.scale, bound);
}

/* dz [rows, cols]. */
ebb_status ebbi_case_bias_gradient(ebbi_fixture *fixture, ebbi_shape s) {
  operand dz;
  expectation db;
  ebb_tensor *result;
  ebbi_tally_case(&fixture->tally, "%zux%zu", s.rows, s.cols);
  TRY(make_operand(&dz, fixture, s.rows, s.cols));
  TRY(expect_bias_gradient(&db, fixture, &dz, s.rows, s.cols));
  TRY(ebbi_fixture_output(&result, fixture, 1, s.cols));
  TRY(ebbi_bias_gradient(fixture->exec, result, dz.tensor));
  return ebbi_fixture_compare(fixture, result, db.values, db.scale, ebbi_bound_sum(s.rows));
}
