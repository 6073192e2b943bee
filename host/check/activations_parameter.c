/* The references of activations with a parameter p, as those in activations.c. The kernels round p
 * to a float, which is half an ulp.
 */
#include "check/activations.h"

#include <math.h>
#include <stddef.h>

static double itself(double p) {
  return p;
}
static double one(double p) {
  (void)p;
  return 1;
}

/* p and the product are rounded. */
static double leaky_relu_value(double z, double p) {
  return z > 0 ? z : p * z;
}
static double leaky_relu_slope(double z, double p) {
  return z > 0 ? 1 : p;
}
static double leaky_relu_inverse(double a, double p) {
  return a > 0 ? a : a / p;
}
const ebbi_parametric ebbi_leaky_relu = {leaky_relu_value, leaky_relu_slope, leaky_relu_inverse,
                                         itself, false};

/* expm1 3, p and the product 1, in units of p.  a + p: 4 of a, p and the sum 1. */
static double elu_value(double z, double p) {
  return z > 0 ? z : p * expm1(z);
}
static double elu_slope(double z, double p) {
  return z > 0 ? 1 : p * exp(z);
}
static double elu_inverse(double a, double p) {
  return a > 0 ? a : log1p(fmax(a / p, -1));
}
const ebbi_parametric ebbi_elu = {elu_value, elu_slope, elu_inverse, itself, false};

/* |f| <= |z|. z / p 3 and its effect on p expm1(z / p) as much of |z|; expm1 3, p and the product
 * 1.  a / p + 1 with |a / p| <= 1: those 7 shrink to 5 near -1, p and the division 3, the sum 0.5.
 */
static double celu_value(double z, double p) {
  return z > 0 ? z : p * expm1(z / p);
}
static double celu_slope(double z, double p) {
  return z > 0 ? 1 : exp(z / p);
}
static double celu_inverse(double a, double p) {
  return a > 0 ? a : p * log1p(fmax(a / p, -1));
}
const ebbi_parametric ebbi_celu = {celu_value, celu_slope, celu_inverse, one, false};

/* p and the product move the angle by one ulp of |p z|; sin and cos 4.  f' has p twice more. */
static double sin_value(double z, double p) {
  return sin(p * z);
}
static double sin_slope(double z, double p) {
  return p * cos(p * z);
}
const ebbi_parametric ebbi_sin = {sin_value, sin_slope, NULL, itself, true};
