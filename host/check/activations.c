/* The activations' references: f, its derivative and the z that f makes `a` of; and their bounds.
 *
 * Everything is computed from z and in the form that is exact in double precision: expm1, log1p
 * and erfc where the textbook form would cancel. Kernels that take f' from a instead of z, or
 * cancel in float32, are thereby measured and not mirrored. A bound is what OpenCL allows the
 * functions used, in ulps: of f relative to ebbi_value_scale, and of f' relative to
 * ebbi_slope_scale.
 */
#include "check/activations.h"
#include "check/bounds.h"
#include "check/reference.h"

#include <math.h>

static const double sqrt_half = 0.70710678118654752440;
static const double sqrt_two_over_pi = 0.79788456080286535588;
static const double one_over_sqrt_two_pi = 0.39894228040143267794;

static double logistic(double z) {
  return 1 / (1 + exp(-z));
}

/* The derivative of logistic; s (1 - s) without the cancellation of 1 - s. */
static double logistic_slope(double z) {
  return logistic(z) * logistic(-z);
}

/* The argument of gelu_tanh's tanh, and its derivative. */
static double gelu_inner(double z) {
  return sqrt_two_over_pi * (z + 0.044715 * z * z * z);
}
static double gelu_inner_slope(double z) {
  return sqrt_two_over_pi * (1 + 3 * 0.044715 * z * z);
}

static double identity_value(double z) {
  return z;
}
static double identity_slope(double z) {
  (void)z;
  return 1;
}

static double relu_value(double z) {
  return z > 0 ? z : 0;
}
static double relu_slope(double z) {
  return z > 0 ? 1 : 0;
}

/* 1 / (1 + e): e 3, sum 0.5, division 2.5.  a (1 - a): a 0.5 or as computed 6, two roundings. */
static double sigmoid_value(double z) {
  return logistic(z);
}
static double sigmoid_slope(double z) {
  return logistic_slope(z);
}
static double sigmoid_inverse(double a) {
  return log(a) - log1p(-fmin(a, 1));
}

/* 1 - a a: twice the error of a, two roundings. */
static double tanh_value(double z) {
  return tanh(z);
}
static double tanh_slope(double z) {
  return 4 * logistic_slope(2 * z); /* 1 / cosh^2 z */
}
static double tanh_inverse(double a) {
  return fabs(a) < 1 ? atanh(a) : copysign(INFINITY, a);
}

/* z (1 + erf t) / 2: erf 16, t moves erf by 0.5, halved; sum and product 1.  f' adds z
 * phi(z), at most 0.25 in magnitude with 5 ulp of its own. That is for any OpenCL's erf; the
 * kernels' normal_cdf is closer. */
static double gelu_value(double z) {
  return z * erfc(-z * sqrt_half) / 2;
}
static double gelu_slope(double z) {
  return erfc(-z * sqrt_half) / 2 + z * one_over_sqrt_two_pi * exp(-z * z / 2);
}

/* z (1 + tanh t) / 2 = z s with s = 1 / (1 + e), e = exp(-2t). The 3 ulp of exp move s by s
 * (1 - s) <= 1/4 of themselves, the 3 of t by |2t| s (1 - s) <= 0.23; sum and division 3, the
 * product 0.5.  f': s 4.5, and s (1 - s) as much, enlarged by 1.6 |z| (1 + 0.134 z^2). */
static double gelu_tanh_value(double z) {
  return z * logistic(2 * gelu_inner(z)); /* (1 + tanh u)/2 = logistic(2u) */
}
static double gelu_tanh_slope(double z) {
  return logistic(2 * gelu_inner(z)) +
         z * logistic_slope(2 * gelu_inner(z)) * 2 * gelu_inner_slope(z);
}

/* z / (1 + e) as sigmoid.  s (1 + z (1 - s)): 6.5 of 1 - s times z, 6 of s, three roundings. */
static double silu_value(double z) {
  return z * logistic(z);
}
static double silu_slope(double z) {
  return logistic(z) + z * logistic_slope(z);
}

/* log1p(e): 3 of e and 2 of log1p, times 0.7; sum 0.5.  1 - exp(-a): 3 of expm1; the error of
 * a, as computed 5, times a exp(-a) <= 0.37. */
static double softplus_value(double z) {
  return fmax(z, 0) + log1p(exp(-fabs(z)));
}
static double softplus_slope(double z) {
  return logistic(z);
}
static double softplus_inverse(double a) {
  return log(expm1(a));
}

/* With t = exp(z), n = t^2 + 2t and d = n + 2, all by t^2 for z > 0: z n / d. exp's 3 ulp move n /
 * d by 0.33 of themselves; n 1, d 2, division 2.5, the product 0.5.  f' = n / d + z k, k = 4t (1 +
 * t) / d^2 <= 0.33: n / d 6.5, the sum 0.5; exp moves k by 3 times 0.19, two d, two divisions and
 * the products by 11 of itself, which is 4.2 in all, times z. */
static double mish_value(double z) {
  return z * tanh(softplus_value(z));
}
static double mish_slope(double z) {
  return tanh(softplus_value(z)) + z * logistic(z) * pow(cosh(softplus_value(z)), -2);
}

static double limited(double z, double low, double high) {
  return z < low ? low : z > high ? high : z;
}

static double relu6_value(double z) {
  return limited(z, 0, 6);
}
static double relu6_slope(double z) {
  return z > 0 && z < 6;
}

/* expm1 3, its factor and the product 1, in units of 1.76; with z > 0 less.  a + 1.7581: 4 of a,
 * the constant and the sum 1. */
static const double selu_scale = 1.0507009873554804934, selu_alpha = 1.6732632423543772848;

static double selu_value(double z) {
  return selu_scale * (z > 0 ? z : selu_alpha * expm1(z));
}
static double selu_slope(double z) {
  return selu_scale * (z > 0 ? 1 : selu_alpha * exp(z));
}
static double selu_inverse(double a) {
  return a > 0 ? a / selu_scale : log1p(fmax(a / (selu_scale * selu_alpha), -1));
}
static double selu_steepest(double z) {
  (void)z;
  return selu_scale * selu_alpha;
}

/* |z| / (1 + |z|): sum 0.5, division 2.5.  (1 - |a|)^2: 3 of a and 0.5, twice; the product 0.5. */
static double softsign_value(double z) {
  return isinf(z) ? copysign(1, z) : z / (1 + fabs(z));
}
static double softsign_slope(double z) {
  return pow(1 + fabs(z), -2);
}
static double softsign_inverse(double a) {
  return fabs(a) < 1 ? a / (1 - fabs(a)) : copysign(INFINITY, a);
}

/* One product; f' is exact. */
static double square_value(double z) {
  return z * z;
}
static double square_slope(double z) {
  return 2 * z;
}
static double square_steepest(double z) {
  return 2 * fabs(z);
}

/* (z + 3) / 6: sum, constant and product 1.5. */
static double hard_sigmoid_value(double z) {
  return limited(z / 6 + 0.5, 0, 1);
}
static double hard_sigmoid_slope(double z) {
  return fabs(z) < 3 ? 1.0 / 6 : 0;
}

/* f and f' are exp, 3 ulp of e^z. */
static double exp_value(double z) {
  return exp(z);
}
static double exp_inverse(double a) {
  return log(fmax(a, 0));
}

static double hard_tanh_value(double z) {
  return limited(z, -1, 1);
}
static double hard_tanh_slope(double z) {
  return fabs(z) < 1;
}

/* z ((z + 3) / 6): 2 of |f| <= |z|.  z / 3 + 0.5: constant and product 1, sum 0.5, of 1.5. */
static double hard_swish_value(double z) {
  return z <= -3 ? 0 : z < 3 ? z * (z / 6 + 0.5) : z;
}
static double hard_swish_slope(double z) {
  return z <= -3 ? 0 : z < 3 ? z / 3 + 0.5 : 1;
}
static double hard_swish_steepest(double z) {
  (void)z;
  return 1.5;
}

/* gelu_tanh's error of f' grows with z^3. */
static double gelu_tanh_slope_scale(double z) {
  return 1 + fabs(z * z * z);
}

enum { KINKS = 2 };

/* Without an inverse f' is taken from z, or z is a where that matters. At a kink f' jumps.
 * `steepest` bounds |f'|, at an interval's ends for all of it; NULL: EBBI_STEEPEST. An activation
 * with a parameter has its functions in `with`. */
static const struct activation_row {
  double (*value)(double z), (*slope)(double z);
  double value_error, slope_error;
  double (*inverse)(double a);
  int kink_count;
  double kinks[KINKS];
  double (*steepest)(double z), (*slope_scale)(double z);
  const ebbi_parametric *with;
} activations[] = {
    [EBB_ACT_IDENTITY] = {identity_value, identity_slope, 0, 0},
    [EBB_ACT_RELU] = {relu_value, relu_slope, 0, 0, .kink_count = 1},
    [EBB_ACT_LEAKY_RELU] = {.value_error = 1,
                            .slope_error = 1,
                            .kink_count = 1,
                            .with = &ebbi_leaky_relu},
    [EBB_ACT_SIGMOID] = {sigmoid_value, sigmoid_slope, 6, 8, sigmoid_inverse},
    [EBB_ACT_TANH] = {tanh_value, tanh_slope, 5, 11, tanh_inverse},
    [EBB_ACT_GELU] = {gelu_value, gelu_slope, 10, 12},
    [EBB_ACT_GELU_TANH] = {gelu_tanh_value, gelu_tanh_slope, 5, 10,
                           .slope_scale = gelu_tanh_slope_scale},
    [EBB_ACT_SILU] = {silu_value, silu_slope, 6, 9},
    [EBB_ACT_SOFTPLUS] = {softplus_value, softplus_slope, 5, 5, softplus_inverse},
    [EBB_ACT_ELU] = {.value_error = 4, .slope_error = 5, .kink_count = 1, .with = &ebbi_elu},
    [EBB_ACT_MISH] = {mish_value, mish_slope, 7, 7},
    [EBB_ACT_RELU6] = {relu6_value, relu6_slope, 0, 0, .kink_count = 2, .kinks = {0, 6}},
    [EBB_ACT_SELU] = {selu_value, selu_slope, 4, 5, selu_inverse, 1, .steepest = selu_steepest},
    [EBB_ACT_SOFTSIGN] = {softsign_value, softsign_slope, 3, 8, softsign_inverse},
    [EBB_ACT_SQUARE] = {square_value, square_slope, 1, 0, .steepest = square_steepest},
    [EBB_ACT_HARD_SIGMOID] = {hard_sigmoid_value, hard_sigmoid_slope, 2, 1, .kink_count = 2,
                              .kinks = {-3, 3}},
    [EBB_ACT_EXP] = {exp_value, exp_value, 3, 3, exp_inverse, .steepest = exp_value},
    [EBB_ACT_HARD_TANH] = {hard_tanh_value, hard_tanh_slope, 0, 0, .kink_count = 2,
                           .kinks = {-1, 1}},
    [EBB_ACT_HARD_SWISH] = {hard_swish_value, hard_swish_slope, 2, 2, .kink_count = 2,
                            .kinks = {-3, 3}, .steepest = hard_swish_steepest},
    [EBB_ACT_CELU] = {.value_error = 7, .slope_error = 9, .with = &ebbi_celu},
    [EBB_ACT_SIN] = {.value_error = 6, .slope_error = 6, .with = &ebbi_sin},
};

static const struct activation_row *row_of(ebb_activation activation) {
  return &activations[EBB_ACTIVATION_ROW(activation)];
}

double ebbi_reference_activation(ebb_activation activation, double z) {
  const struct activation_row *row = row_of(activation);
  return row->with ? row->with->value(z, ebb_activation_parameter(activation)) : row->value(z);
}

double ebbi_reference_slope(ebb_activation activation, double z) {
  const struct activation_row *row = row_of(activation);
  return row->with ? row->with->slope(z, ebb_activation_parameter(activation)) : row->slope(z);
}

double ebbi_reference_preactivation(ebb_activation activation, double a) {
  const struct activation_row *row = row_of(activation);
  if (row->with && row->with->inverse)
    return row->with->inverse(a, ebb_activation_parameter(activation));
  return row->inverse ? row->inverse(a) : a;
}

int ebbi_activation_piece(ebb_activation activation, double z) {
  const struct activation_row *row = row_of(activation);
  int piece = 0;
  for (int k = 0; k < row->kink_count; k++) piece += z > row->kinks[k];
  return piece;
}

const double *ebbi_activation_kinks(int *count, ebb_activation activation) {
  *count = row_of(activation)->kink_count;
  return row_of(activation)->kinks;
}

double ebbi_bound_activation(ebb_activation activation) {
  return row_of(activation)->value_error * EBBI_ULP;
}

double ebbi_bound_slope(ebb_activation activation) {
  return row_of(activation)->slope_error * EBBI_ULP;
}

double ebbi_activation_growth(ebb_activation activation, double z, double reach) {
  const struct activation_row *row = row_of(activation);
  if (row->with) return fmax(1, row->with->steepest(ebb_activation_parameter(activation)));
  if (!row->steepest) return 1;
  return fmax(1, fmax(row->steepest(z - reach), row->steepest(z + reach)));
}

double ebbi_value_scale(ebb_activation activation, double z) {
  return (1 + fabs(z)) * ebbi_activation_growth(activation, z, 0);
}

double ebbi_slope_scale(ebb_activation activation, double z) {
  const struct activation_row *row = row_of(activation);
  double scale = row->slope_scale ? row->slope_scale(z) : ebbi_value_scale(activation, z);
  return row->with && row->with->turns ? scale * ebbi_activation_growth(activation, z, 0) : scale;
}

bool ebbi_activation_turns(ebb_activation activation) {
  const struct activation_row *row = row_of(activation);
  return row->with && row->with->turns;
}
