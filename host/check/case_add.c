/* Cases of sums of values, and of gradients, which are added where values part.
 *
 * Values are kept in float32, in bfloat16, or some in one and some in the other.
 */
#include "check/bounds.h"
#include "check/verify_kernels.h"

#include "base/error.h"
#include <math.h>

/* Values on the device and as they have been rounded to their type. */
typedef struct values {
  ebb_tensor *tensor;
  double *numbers;
} values;

static ebb_status make_values(values *out, ebbi_fixture *fixture, ebb_dtype dtype, ebbi_shape s,
                              double spread) {
  size_t count = s.rows * s.cols;
  TRY(ebbi_fixture_normal(&out->numbers, fixture, count, spread));
  for (size_t i = 0; dtype == EBB_BF16 && i < count; i++)
    out->numbers[i] = ebbi_reference_round(EBB_PRECISION_BF16, out->numbers[i]);
  return ebbi_fixture_numbers(&out->tensor, fixture, dtype, s.rows, s.cols, out->numbers);
}

/* z and a = f(z) of a node, and f' there. */
typedef struct below {
  values z, a;
  ebb_activation activation;
} below;

static ebb_status make_below(below *out, ebbi_fixture *fixture, ebb_dtype dtype, ebbi_shape s,
                             ebb_activation activation) {
  size_t count = s.rows * s.cols;
  out->activation = activation;
  TRY(make_values(&out->z, fixture, dtype, s, 3));
  TRY(ebbi_fixture_array(&out->a.numbers, fixture, count));
  for (size_t i = 0; i < count; i++) {
    out->a.numbers[i] = ebbi_reference_activation(activation, out->z.numbers[i]);
    if (dtype == EBB_BF16)
      out->a.numbers[i] = ebbi_reference_round(EBB_PRECISION_BF16, out->a.numbers[i]);
  }
  return ebbi_fixture_numbers(&out->a.tensor, fixture, dtype, s.rows, s.cols, out->a.numbers);
}

static ebbi_epilogue epilogue_of(const below *b) {
  bool needs_z = ebb_activation_needs_z(b->activation);
  return (ebbi_epilogue){b->activation, needs_z ? b->z.tensor : NULL, b->a.tensor};
}

/* Tallies `found` against numbers of these scales, both times f' if there is a node below. An
 * operation rounds `roundings` times before that. */
static ebb_status compare(ebbi_fixture *fixture, const ebb_tensor *found, double *expected,
                          double *scale, size_t roundings, const below *b) {
  size_t count = ebb_tensor_rows(found) * ebb_tensor_cols(found);
  double bound = (double)roundings * EBBI_ROUNDOFF;
  if (ebb_tensor_dtype(found) == EBB_BF16) bound += ebbi_bound_operand(EBB_PRECISION_BF16);
  for (size_t i = 0; b && i < count; i++) {
    expected[i] *= ebbi_reference_slope(b->activation, b->z.numbers[i]);
    scale[i] *= ebbi_slope_scale(b->activation, b->z.numbers[i]);
  }
  if (b) bound = EBBI_STEEPEST * bound + ebbi_bound_slope(b->activation) + EBBI_ROUNDOFF;
  return ebbi_fixture_compare(fixture, found, expected, scale, bound);
}

/* ---- sums ---- */

/* What is added, in which types: b absent where its type is the number of types. */
typedef struct add_form {
  ebb_dtype a, b, to;
  bool sloped;
  const char *name;
} add_form;
static const add_form add_forms[] = {
    {EBB_F32, EBB_F32, EBB_F32, false, "f32"},
    {EBB_F32, EBB_F32, EBB_F32, true, "f32, silu'"},
    {EBB_F32, EBB_DTYPE_COUNT, EBB_F32, true, "f32 alone, silu'"},
    {EBB_BF16, EBB_BF16, EBB_BF16, false, "bf16"},
    {EBB_BF16, EBB_BF16, EBB_BF16, true, "bf16, silu'"},
    {EBB_BF16, EBB_F32, EBB_F32, false, "bf16 and f32"},
    {EBB_F32, EBB_BF16, EBB_BF16, true, "f32 and bf16, silu'"},
};

static ebb_status run_add(ebbi_fixture *fixture, ebbi_shape s, const add_form *form) {
  bool alone = form->b == EBB_DTYPE_COUNT;
  size_t count = s.rows * s.cols;
  values a, b = {0};
  below node;
  double *expected, *scale;
  ebb_tensor *to;
  ebbi_tally_case(&fixture->tally, "%zux%zu %s", s.rows, s.cols, form->name);
  TRY(make_values(&a, fixture, form->a, s, 1));
  if (!alone) TRY(make_values(&b, fixture, form->b, s, 1));
  TRY(make_below(&node, fixture, form->to, s, EBB_ACT_SILU));
  TRY(ebbi_fixture_array(&expected, fixture, count));
  TRY(ebbi_fixture_array(&scale, fixture, count));
  for (size_t i = 0; i < count; i++) {
    expected[i] = a.numbers[i] + (alone ? 0 : b.numbers[i]);
    scale[i] = fabs(a.numbers[i]) + (alone ? 0 : fabs(b.numbers[i]));
  }
  TRY(ebbi_fixture_numbers(&to, fixture, form->to, s.rows, s.cols, NULL));
  const ebbi_epilogue epilogue = epilogue_of(&node);
  TRY(ebbi_add(fixture->exec, to, a.tensor, b.tensor, form->sloped ? &epilogue : NULL));
  return compare(fixture, to, expected, scale, 1, form->sloped ? &node : NULL);
}

/* All [rows, cols]. */
ebb_status ebbi_case_add(ebbi_fixture *fixture, ebbi_shape s) {
  for (size_t f = 0; f < sizeof add_forms / sizeof *add_forms; f++)
    TRY(run_add(fixture, s, &add_forms[f]));
  return EBB_OK;
}
