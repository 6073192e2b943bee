/* The yardsticks in double precision and plain loops.
 */
#include "check/reference.h"

void ebbi_reference_probe_fma(double *y, const double *x, size_t count, size_t steps, double scale,
                              double shift) {
  for (size_t i = 0; i < count; i++) {
    double value = x[i];
    for (size_t step = 0; step < steps; step++) value = value * scale + shift;
    y[i] = value;
  }
}

void ebbi_reference_probe_triad(double *a, const double *b, const double *c, size_t count,
                                double scale) {
  for (size_t i = 0; i < count; i++) a[i] = b[i] + scale * c[i];
}
