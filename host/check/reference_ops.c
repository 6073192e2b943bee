/* The reference's operations: one function an equation.
 *
 * Formulas shared by kernels and reference in a header would be shorter and would prove nothing.
 */
#include "check/reference.h"

#include <math.h>

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

void ebbi_reference_forward(double *z, const double *x, const double *w, const double *b,
                            size_t batch, size_t inputs, size_t outputs) {
  ebbi_reference_matmul(z, x, false, w, false, batch, outputs, inputs);
  for (size_t at = 0; b && at < batch * outputs; at++) z[at] += b[at % outputs];
}

void ebbi_reference_weight_gradient(double *dw, double *db, const double *x, const double *dz,
                                    size_t batch, size_t inputs, size_t outputs) {
  ebbi_reference_matmul(dw, x, true, dz, false, inputs, outputs, batch);
  for (size_t col = 0; db && col < outputs; col++) {
    db[col] = 0;
    for (size_t row = 0; row < batch; row++) db[col] += dz[row * outputs + col];
  }
}
