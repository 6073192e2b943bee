/* The activations' references: f, its derivative and the z that f makes `a` of; and their bounds.
 *
 * Everything is computed from z and in the form that is exact in double precision: expm1, log1p
 * and erfc where the textbook form would cancel. Kernels that take f' from a instead of z, or
 * cancel in float32, are thereby measured and not mirrored. A bound is what OpenCL allows the
 * functions used, in ulps: of f relative to 1 + |z|, and of f' relative to ebbi_slope_scale.
 */
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

/* 0.01 and the product are rounded. */
static double leaky_relu_value(double z) {
  return z > 0 ? z : 0.01 * z;
}
static double leaky_relu_slope(double z) {
  return z > 0 ? 1 : 0.01;
}
static double leaky_relu_inverse(double a) {
  return a > 0 ? a : a / 0.01;
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

/* expm1 3.  a + 1: 3 of a, one rounding. */
static double elu_value(double z) {
  return z > 0 ? z : expm1(z);
}
static double elu_slope(double z) {
  return z > 0 ? 1 : exp(z);
}
static double elu_inverse(double a) {
  return a > 0 ? a : log1p(fmax(a, -1));
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

/* `cubed`: f's error grows with z^3. `kink`: f' jumps at 0. Without an inverse f' is taken from z,
 * or z is a where that matters. */
static const struct {
  double (*value)(double z), (*slope)(double z);
  double value_error, slope_error;
  double (*inverse)(double a);
  bool kink, cubed;
} activations[] = {
    [EBB_ACT_IDENTITY] = {identity_value, identity_slope, 0, 0, NULL, false, false},
    [EBB_ACT_RELU] = {relu_value, relu_slope, 0, 0, NULL, true, false},
    [EBB_ACT_LEAKY_RELU] = {leaky_relu_value, leaky_relu_slope, 1, 1, leaky_relu_inverse, true,
                            false},
    [EBB_ACT_SIGMOID] = {sigmoid_value, sigmoid_slope, 6, 8, sigmoid_inverse, false, false},
    [EBB_ACT_TANH] = {tanh_value, tanh_slope, 5, 11, tanh_inverse, false, false},
    [EBB_ACT_GELU] = {gelu_value, gelu_slope, 10, 12, NULL, false, false},
    [EBB_ACT_GELU_TANH] = {gelu_tanh_value, gelu_tanh_slope, 5, 10, NULL, false, true},
    [EBB_ACT_SILU] = {silu_value, silu_slope, 6, 9, NULL, false, false},
    [EBB_ACT_SOFTPLUS] = {softplus_value, softplus_slope, 5, 5, softplus_inverse, false, false},
    [EBB_ACT_ELU] = {elu_value, elu_slope, 3, 4, elu_inverse, false, false},
    [EBB_ACT_MISH] = {mish_value, mish_slope, 7, 7, NULL, false, false},
};

double ebbi_reference_activation(ebb_activation activation, double z) {
  return activations[activation].value(z);
}

double ebbi_reference_slope(ebb_activation activation, double z) {
  return activations[activation].slope(z);
}

double ebbi_reference_preactivation(ebb_activation activation, double a) {
  return activations[activation].inverse ? activations[activation].inverse(a) : a;
}

bool ebbi_activation_has_kink(ebb_activation activation) {
  return activations[activation].kink;
}

double ebbi_bound_activation(ebb_activation activation) {
  return activations[activation].value_error * EBBI_ULP;
}

double ebbi_bound_slope(ebb_activation activation) {
  return activations[activation].slope_error * EBBI_ULP;
}

double ebbi_slope_scale(ebb_activation activation, double z) {
  return 1 + fabs(activations[activation].cubed ? z * z * z : z);
}
