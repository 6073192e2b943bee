/* The reference's operations: one function an equation.
 *
 * Everything is computed from z and in the form that is exact in double precision: expm1, log1p
 * and erfc where the textbook form would cancel. Kernels that take f' from a instead of z, or
 * cancel in float32, are thereby measured and not mirrored. A shared header of formulas for kernels
 * and reference would be shorter and could prove nothing.
 */
#include "check/reference.h"

#include <math.h>

static const double sqrt_half = 0.70710678118654752440;
static const double sqrt_two_over_pi = 0.79788456080286535588;
static const double one_over_sqrt_two_pi = 0.39894228040143267794;

void ebbi_reference_matmul(double *c, const double *a, bool transpose_a, const double *b,
                           bool transpose_b, size_t m, size_t n, size_t k) {
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < n; j++) c[i * n + j] = 0;
    for (size_t p = 0; p < k; p++) {
      double left = transpose_a ? a[p * m + i] : a[i * k + p];
      for (size_t j = 0; j < n; j++)
        c[i * n + j] += left * (transpose_b ? b[j * k + p] : b[p * n + j]);
    }
  }
}

double ebbi_reference_round(ebb_precision precision, double x) {
  enum { LEAST = -125 }; /* frexp's exponent of the smallest normal float */
  if (precision == EBB_PRECISION_FP32 || x == 0 || !isfinite(x)) return x;
  bool half = precision == EBB_PRECISION_BF16;
  int exponent;
  frexp(x, &exponent);
  double unit = ldexp(1, (exponent < LEAST ? LEAST : exponent) - (half ? 8 : 11));
  return unit * (half ? nearbyint(x / unit) : round(x / unit));
}

static double sigmoid(double z) {
  return 1 / (1 + exp(-z));
}

/* The argument of gelu_tanh's tanh, and its derivative. */
static double gelu_inner(double z) {
  return sqrt_two_over_pi * (z + 0.044715 * z * z * z);
}
static double gelu_inner_slope(double z) {
  return sqrt_two_over_pi * (1 + 3 * 0.044715 * z * z);
}

double ebbi_reference_activation(ebb_activation activation, double z) {
  switch (activation) {
  case EBB_ACT_IDENTITY:
    return z;
  case EBB_ACT_RELU:
    return z > 0 ? z : 0;
  case EBB_ACT_LEAKY_RELU:
    return z > 0 ? z : 0.01 * z;
  case EBB_ACT_SIGMOID:
    return sigmoid(z);
  case EBB_ACT_TANH:
    return tanh(z);
  case EBB_ACT_GELU:
    return z * erfc(-z * sqrt_half) / 2;
  case EBB_ACT_GELU_TANH:
    return z * sigmoid(2 * gelu_inner(z)); /* (1 + tanh u)/2 = sigmoid(2u) */
  case EBB_ACT_SILU:
    return z * sigmoid(z);
  case EBB_ACT_SOFTPLUS:
    return fmax(z, 0) + log1p(exp(-fabs(z)));
  case EBB_ACT_ELU:
    return z > 0 ? z : expm1(z);
  case EBB_ACT_COUNT:
    break;
  }
  return NAN;
}

/* The derivative of sigmoid; s (1 - s) without the cancellation of 1 - s. */
static double sigmoid_slope(double z) {
  return sigmoid(z) * sigmoid(-z);
}

double ebbi_reference_slope(ebb_activation activation, double z) {
  switch (activation) {
  case EBB_ACT_IDENTITY:
    return 1;
  case EBB_ACT_RELU:
    return z > 0 ? 1 : 0;
  case EBB_ACT_LEAKY_RELU:
    return z > 0 ? 1 : 0.01;
  case EBB_ACT_SIGMOID:
    return sigmoid_slope(z);
  case EBB_ACT_TANH:
    return 4 * sigmoid_slope(2 * z); /* 1 / cosh^2 z */
  case EBB_ACT_GELU:
    return erfc(-z * sqrt_half) / 2 + z * one_over_sqrt_two_pi * exp(-z * z / 2);
  case EBB_ACT_GELU_TANH:
    return sigmoid(2 * gelu_inner(z)) +
           z * sigmoid_slope(2 * gelu_inner(z)) * 2 * gelu_inner_slope(z);
  case EBB_ACT_SILU:
    return sigmoid(z) + z * sigmoid_slope(z);
  case EBB_ACT_SOFTPLUS:
    return sigmoid(z);
  case EBB_ACT_ELU:
    return z > 0 ? 1 : exp(z);
  case EBB_ACT_COUNT:
    break;
  }
  return NAN;
}

void ebbi_reference_forward(double *a, double *z, const double *x, const double *w, const double *b,
                            ebb_activation activation, size_t batch, size_t inputs,
                            size_t outputs) {
  ebbi_reference_matmul(z, x, false, w, false, batch, outputs, inputs);
  for (size_t row = 0; row < batch; row++)
    for (size_t col = 0; col < outputs; col++) {
      size_t at = row * outputs + col;
      z[at] += b[col];
      a[at] = ebbi_reference_activation(activation, z[at]);
    }
}

void ebbi_reference_weight_gradient(double *dw, double *db, const double *x, const double *dz,
                                    size_t batch, size_t inputs, size_t outputs) {
  ebbi_reference_matmul(dw, x, true, dz, false, inputs, outputs, batch);
  for (size_t col = 0; col < outputs; col++) {
    db[col] = 0;
    for (size_t row = 0; row < batch; row++) db[col] += dz[row * outputs + col];
  }
}

void ebbi_reference_input_gradient(double *dz_below, const double *dz, const double *w,
                                   const double *z_below, ebb_activation activation, size_t batch,
                                   size_t inputs, size_t outputs) {
  ebbi_reference_matmul(dz_below, dz, false, w, true, batch, inputs, outputs);
  for (size_t at = 0; at < batch * inputs; at++)
    dz_below[at] *= ebbi_reference_slope(activation, z_below[at]);
}
