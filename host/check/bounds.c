/* The bounds, each derived in the comment that stands with it.
 *
 * Derivations add the relative errors of all steps and leave out their products (of order u^2),
 * then round up. A bound that is too wide by two still finds every wrong formula; one that is
 * too narrow by a tenth makes a correct device look broken. Hence no attempt at sharpness.
 */
#include "check/bounds.h"

#include <math.h>

double ebbi_bound_sum(size_t count) {
  return ((double)count + 8) * EBBI_ROUNDOFF;
}

double ebbi_bound_product(ebb_precision precision, size_t count) {
  return (precision == EBB_PRECISION_FP32 ? 1 : 2) * ebbi_bound_sum(count);
}

double ebbi_bound_operand(ebb_precision precision) {
  static const double roundoffs[EBB_PRECISION_COUNT] = {0, 0x1p-11, 0x1p-8};
  return roundoffs[precision];
}

/* In ulps: of f relative to 1 + |z|, and of f' relative to ebbi_slope_scale. */
typedef struct activation_error {
  double value, slope;
} activation_error;

static const activation_error activation_errors[EBB_ACT_COUNT] = {
    [EBB_ACT_IDENTITY] = {0, 0},
    [EBB_ACT_RELU] = {0, 0},
    /* 0.01 and the product are rounded. */
    [EBB_ACT_LEAKY_RELU] = {1, 1},
    /* 1 / (1 + e): e 3, sum 0.5, division 2.5.  a (1 - a): a 0.5 or as computed 6, two roundings.
     */
    [EBB_ACT_SIGMOID] = {6, 8},
    /* 1 - a a: twice the error of a, two roundings. */
    [EBB_ACT_TANH] = {5, 11},
    /* z (1 + erf t) / 2: erf 16, t moves erf by 0.5, halved; sum and product 1.  f' adds z phi(z),
     * at most 0.25 in magnitude with 5 ulp of its own. That is for any OpenCL's erf; the kernels'
     * normal_cdf is closer. */
    [EBB_ACT_GELU] = {10, 12},
    /* z (1 + tanh t) / 2 = z s with s = 1 / (1 + e), e = exp(-2t). The 3 ulp of exp move s by
     * s (1 - s) <= 1/4 of themselves, the 3 of t by |2t| s (1 - s) <= 0.23; sum and division 3,
     * the product 0.5.  f': s 4.5, and s (1 - s) as much, enlarged by 1.6 |z| (1 + 0.134 z^2). */
    [EBB_ACT_GELU_TANH] = {5, 10},
    /* z / (1 + e) as sigmoid.  s (1 + z (1 - s)): 6.5 of 1 - s times z, 6 of s, three roundings. */
    [EBB_ACT_SILU] = {6, 9},
    /* log1p(e): 3 of e and 2 of log1p, times 0.7; sum 0.5.  1 - exp(-a): 3 of expm1; the error of
     * a, as computed 5, times a exp(-a) <= 0.37. */
    [EBB_ACT_SOFTPLUS] = {5, 5},
    /* expm1 3.  a + 1: 3 of a, one rounding. */
    [EBB_ACT_ELU] = {3, 4},
};

double ebbi_bound_activation(ebb_activation activation) {
  return activation_errors[activation].value * EBBI_ULP;
}

double ebbi_bound_slope(ebb_activation activation) {
  return activation_errors[activation].slope * EBBI_ULP;
}

double ebbi_slope_scale(ebb_activation activation, double z) {
  return activation == EBB_ACT_GELU_TANH ? 1 + fabs(z * z * z) : 1 + fabs(z);
}

/* Cross-entropy: e = exp(z - largest) has 3 ulp, and the rounding of its argument u |z - largest|,
 * which weighted by e is below 1; the sum of cols terms cols u; 1 / live 5 u, that by the sum 5 u
 * more, the difference u. The numerator's share and the sum's add: below (cols + 24) u in all.
 * mse: z - y u, the factor 2 / (live cols) 6 u, the product u. */
double ebbi_bound_loss_gradient(ebb_loss loss, size_t cols) {
  return (loss == EBB_LOSS_MSE ? 10 : (double)cols + 24) * EBBI_ROUNDOFF;
}

/* Cross-entropy: the sum's relative error (cols + 6) u is log's absolute one; log itself 3 ulp of
 * log(sum) <= loss + 1; largest - z[label] and the final sum one rounding each.
 * mse: cols additions, z - y twice, the division by cols 5 u. */
double ebbi_bound_loss_value(ebb_loss loss, size_t cols) {
  return ((double)cols + (loss == EBB_LOSS_MSE ? 8 : 16)) * EBBI_ROUNDOFF;
}

/* Settings are rounded to float32, one u each. sgd: g + decay p 3 u, the buffer 4 u, Nesterov's
 * sum 7 u, rate and difference 2 u. adam: c = 1 - beta^step 8 u, so rate / c 13 u, and sqrt(c) 10
 * u; m 8 u; sqrt(v) 12 u, the product with 1 / sqrt(c) 16 u more, epsilon u; the last quotient,
 * product and difference 8 u. */
double ebbi_bound_update(ebb_optimizer_kind kind) {
  return (kind == EBB_OPT_SGD ? 12 : 64) * EBBI_ROUNDOFF;
}

/* sgd: as above. adam: g + decay p 3 u, squared 7 u, the average 5 u more. */
double ebbi_bound_moment(ebb_optimizer_kind kind) {
  return (kind == EBB_OPT_SGD ? 4 : 12) * EBBI_ROUNDOFF;
}
