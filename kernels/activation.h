/* Activations f(z) and their derivatives f'(z), for scalars and vectors.
 *
 * They are macros because OpenCL C 1.2 has no overloading, and T is `float` in
 * one place and `vec` in another; exp_##T is elementary.h's exp_float or exp_vec. What takes more
 * than an expression is a function on vectors, with SCALAR_OF, as there. F_name(T, z, p) is
 * f(z) with the parameter p, if it has one; D_name(T, z, a, p) is f'(z), where a = f(z) is
 * available and z only if EBB_ACTIVATION_LIST (include/ebb/activations.h) says so. Arguments are
 * evaluated more than once: pass variables. ACTIVATE and SLOPE are those of this build.
 */
#ifndef ACTIVATION_H
#define ACTIVATION_H

#include "elementary.h"

#ifndef ACTIVATE_BY
#define ACTIVATE_BY F_relu
#define SLOPE_BY    D_relu
#endif
#ifndef PARAMETER_BITS
#define PARAMETER_BITS 0
#endif
#define PARAMETER      as_float(PARAMETER_BITS)
#define ACTIVATE(T, z) ACTIVATE_BY(T, z, PARAMETER)
#define SLOPE(T, z, a) SLOPE_BY(T, z, a, PARAMETER)

#define F_identity(T, z, p)    (z)
#define D_identity(T, z, a, p) ((T)(1.0f))

/* select is used because fmax(NaN, 0) is 0 and would hide a NaN. */
#define F_relu(T, z, p)    select((z), (T)(0.0f), (z) < (T)(0.0f))
#define D_relu(T, z, a, p) select((T)(0.0f), (T)(1.0f), (a) > (T)(0.0f))

#define F_leaky_relu(T, z, p)    select((z), (p) * (z), (z) < (T)(0.0f))
#define D_leaky_relu(T, z, a, p) select((T)(p), (T)(1.0f), (a) > (T)(0.0f))

#define SIGMOID(T, z)         (1.0f / (1.0f + exp_##T(-(z))))
#define F_sigmoid(T, z, p)    SIGMOID(T, z)
#define D_sigmoid(T, z, a, p) ((a) * (1.0f - (a)))

#define F_tanh(T, z, p)    tanh_##T(z)
#define D_tanh(T, z, a, p) (1.0f - (a) * (a))

/* z Phi(z), where Phi is the normal distribution. */
#define F_gelu(T, z, p)    ((z) * normal_cdf_##T(z))
#define D_gelu(T, z, a, p) gelu_slope_##T(z)

/* (1 + tanh u) / 2 = s = 1 / (1 + exp(-2u)), u = sqrt(2/pi) (z + 0.044715 z^3): f = z s and
 * f' = s + z s (1 - s) 2u', with no difference of nearly equal numbers anywhere. */
#define GELU_SIGMOID(T, z)                                                                         \
  (1.0f / (1.0f + exp_##T(-1.5957691216f * (z) * (1.0f + 0.044715f * (z) * (z)))))
#define F_gelu_tanh(T, z, p) ((z) * GELU_SIGMOID(T, z))
#define D_gelu_tanh(T, z, a, p)                                                                    \
  (GELU_SIGMOID(T, z) + (z) * GELU_SIGMOID(T, z) * (1.0f - GELU_SIGMOID(T, z)) * 1.5957691216f *   \
                            (1.0f + fmin(0.134145f * (z) * (z), FLT_MAX)))

#define F_silu(T, z, p)    ((z) / (1.0f + exp_##T(-(z))))
#define D_silu(T, z, a, p) (SIGMOID(T, z) * (1.0f + (z) * (1.0f - SIGMOID(T, z))))

/* exp(-|z|) does not overflow; 1 - exp(-a) is exp(z) / (1 + exp(z)) since a = log(1 + exp(z)). */
#define F_softplus(T, z, p)    (select((z), (T)(0.0f), (z) < (T)(0.0f)) + log1p_##T(exp_##T(-fabs(z))))
#define D_softplus(T, z, a, p) (-expm1_##T(-(a)))

#define F_elu(T, z, p)    select((p) * expm1_##T(z), (z), (z) > (T)(0.0f))
#define D_elu(T, z, a, p) select((a) + (p), (T)(1.0f), (a) > (T)(0.0f))

/* tanh(log(1 + t)) with t = exp(z) is n / d, where n = t^2 + 2t and d = n + 2; and its derivative
 * by z is 4t (1 + t) / d^2. Where z > 0 both fractions are reduced by t^2, so that nothing
 * overflows: e = exp(-|z|) is t or 1 / t. */
typedef struct {
  vec n, d, slope; /* slope: 4t (1 + t), reduced by t^4 where z > 0 */
} mish_parts;

static inline mish_parts mish_parts_of(vec z) {
  const vec e = exp_vec(-fabs(z));
  const ivec below = z < 0.0f;
  const vec n = select(1.0f + 2.0f * e, e * (2.0f + e), below);
  const vec slope = 4.0f * e * (1.0f + e);
  return (mish_parts){n, n + select(2.0f * e * e, (vec)(2.0f), below),
                      select(slope * e, slope, below)};
}

static inline vec mish_vec(vec z) {
  const mish_parts m = mish_parts_of(z);
  return z * (m.n / m.d);
}

static inline vec mish_slope_vec(vec z) {
  const mish_parts m = mish_parts_of(z);
  return (m.n + z * (m.slope / m.d)) / m.d;
}

SCALAR_OF(mish)
SCALAR_OF(mish_slope)

#define F_mish(T, z, p)    mish_##T(z)
#define D_mish(T, z, a, p) mish_slope_##T(z)

/* z limited to low ... high. f' of the limited z is 1 between the limits and 0 beyond. */
#define LIMITED(T, z, low, high)                                                                   \
  select(select((z), (T)(low), (z) < (T)(low)), (T)(high), (z) > (T)(high))
#define WITHIN(T, z, low, high, slope)                                                             \
  select((T)(0.0f), (T)(slope), ((z) > (T)(low)) & ((z) < (T)(high)))

#define F_relu6(T, z, p)    LIMITED(T, z, 0.0f, 6.0f)
#define D_relu6(T, z, a, p) WITHIN(T, a, 0.0f, 6.0f, 1.0f)

#define F_hard_tanh(T, z, p)    LIMITED(T, z, -1.0f, 1.0f)
#define D_hard_tanh(T, z, a, p) WITHIN(T, a, -1.0f, 1.0f, 1.0f)

#define F_hard_sigmoid(T, z, p)    ((LIMITED(T, z, -3.0f, 3.0f) + 3.0f) * 0.16666667f)
#define D_hard_sigmoid(T, z, a, p) WITHIN(T, z, -3.0f, 3.0f, 0.16666667f)

/* Beyond 3 the result is z or 0 without a product, which could overflow. */
#define F_hard_swish(T, z, p)                                                                      \
  select(select((z) * (((z) + 3.0f) * 0.16666667f), (T)(0.0f), (z) <= (T)(-3.0f)), (z),            \
         (z) >= (T)(3.0f))
#define D_hard_swish(T, z, a, p)                                                                   \
  select(select((z) * 0.33333334f + 0.5f, (T)(0.0f), (z) <= (T)(-3.0f)), (T)(1.0f),                \
         (z) >= (T)(3.0f))

/* 1.0507 z and 1.0507 1.6733 (exp(z) - 1); f' = a + 1.7581 below 0. */
#define F_selu(T, z, p)    select(1.7580993f * expm1_##T(z), 1.050701f * (z), (z) > (T)(0.0f))
#define D_selu(T, z, a, p) select((a) + 1.7580993f, (T)(1.050701f), (a) > (T)(0.0f))

/* f' = 1 / (1 + |z|)^2 = (1 - |a|)^2. |z| is limited to the largest float, so that infinity
 * gives 1.
 */
#define LIMITED_SIZE(T, z)     select(fabs(z), (T)(FLT_MAX), fabs(z) > (T)(FLT_MAX))
#define F_softsign(T, z, p)    copysign(LIMITED_SIZE(T, z) / (1.0f + LIMITED_SIZE(T, z)), (z))
#define D_softsign(T, z, a, p) ((1.0f - fabs(a)) * (1.0f - fabs(a)))

#define F_square(T, z, p)    ((z) * (z))
#define D_square(T, z, a, p) (2.0f * (z))

#define F_celu(T, z, p)    select((p) * expm1_##T((z) / (p)), (z), (z) > (T)(0.0f))
#define D_celu(T, z, a, p) select((a) / (p) + 1.0f, (T)(1.0f), (a) > (T)(0.0f))

/* The angle is limited to the floats, and stays NaN where z is infinite. */
#define ANGLE(T, z, p)    (LIMITED(T, (p) * (z), -FLT_MAX, FLT_MAX) + 0.0f * (z))
#define F_sin(T, z, p)    sin(ANGLE(T, z, p))
#define D_sin(T, z, a, p) ((p) * cos(ANGLE(T, z, p)))

#define F_exp(T, z, p)    exp_##T(z)
#define D_exp(T, z, a, p) (a)

/* Formulas of the user's. host/ops/formula_code.c writes VALUE_0, statements that end with a
 * result, and SLOPE_0. A NaN is kept, which a comparison would lose. */
#define LET(name, value) const vec name = (vec)(value);
#define RESULT(value)    return select(value, z, z != z);
#define FORMULA(number, value, slope)                                                              \
  static inline vec formula_##number##_vec(vec z) {                                                \
    value                                                                                          \
  }                                                                                                \
  static inline vec formula_slope_##number##_vec(vec z){slope} SCALAR_OF(formula_##number)         \
      SCALAR_OF(formula_slope_##number)

#define F_formula_0(T, z, p)    formula_0_##T(z)
#define D_formula_0(T, z, a, p) formula_slope_0_##T(z)
#define F_formula_1(T, z, p)    formula_1_##T(z)
#define D_formula_1(T, z, a, p) formula_slope_1_##T(z)
#define F_formula_2(T, z, p)    formula_2_##T(z)
#define D_formula_2(T, z, a, p) formula_slope_2_##T(z)
#define F_formula_3(T, z, p)    formula_3_##T(z)
#define D_formula_3(T, z, a, p) formula_slope_3_##T(z)

/* Rows of formulas, as those of EBB_ACTIVATION_LIST; empty for those that a build does not have. */
#ifdef VALUE_0
FORMULA(0, VALUE_0, SLOPE_0)
#define FORMULA_ROW_0(X) X(FORMULA_0, formula_0, 1, "")
#else
#define FORMULA_ROW_0(X)
#endif
#ifdef VALUE_1
FORMULA(1, VALUE_1, SLOPE_1)
#define FORMULA_ROW_1(X) X(FORMULA_1, formula_1, 1, "")
#else
#define FORMULA_ROW_1(X)
#endif
#ifdef VALUE_2
FORMULA(2, VALUE_2, SLOPE_2)
#define FORMULA_ROW_2(X) X(FORMULA_2, formula_2, 1, "")
#else
#define FORMULA_ROW_2(X)
#endif
#ifdef VALUE_3
FORMULA(3, VALUE_3, SLOPE_3)
#define FORMULA_ROW_3(X) X(FORMULA_3, formula_3, 1, "")
#else
#define FORMULA_ROW_3(X)
#endif
#define ACTIVATION_ROWS(X)                                                                         \
  EBB_ACTIVATION_LIST(X)                                                                           \
  FORMULA_ROW_0(X) FORMULA_ROW_1(X) FORMULA_ROW_2(X) FORMULA_ROW_3(X)

/* Whether a pass with this bias applies f: always with -DACTIVATES, which passes without bias need;
 * a product without either is plain. */
#ifdef ACTIVATES
#define APPLIES_F(bias) 1
#else
#define APPLIES_F(bias) ((bias) != 0)
#endif

#endif
