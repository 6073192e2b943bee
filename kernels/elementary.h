/* Elementary functions on vectors: exp, expm1, log, log1p, tanh, the normal distribution (for gelu,
 * which needs erf), and gelu's derivative. They are branch-free, with the same operations in every
 * lane.
 *
 * A driver's own functions are accurate but slow: PoCL 3.1's erf, expm1, log1p and tanh take 2 to 5
 * times as long. name_vec(x) is the function; name_float(x) is its lane 0, which lets compilers
 * that split vectors drop the other lanes. NaN gives NaN. Fast-math is not assumed, and fma is
 * called explicitly, since philox.h forbids contraction in its programs.
 *
 * Largest errors in ulp (found over every 61st bit pattern): exp 1.25 (1.04), expm1 1.75 (1.50),
 * log 1 (0.89), log1p 1.25 (1.16), tanh 2.75 (2.48) where division rounds correctly; for the upper
 * halves of normal_cdf 1.5 (1.26) and gelu_slope 2 (1.59), whose absolute errors below 0 are the
 * same. tests/test_elementary.c checks these limits.
 *
 * The reduction x = n log 2 + r with log 2 in two parts is from Cody and Waite (Software Manual for
 * the Elementary Functions, 1980); exp of a polynomial for erfc is Juffa's idea. The coefficients
 * are our own: Remez fits, each rounded to float32 before the others are fitted again. The comments
 * give the polynomials' errors.
 */
#ifndef ELEMENTARY_H
#define ELEMENTARY_H

#include "common.h"

#define SCALAR_OF(name)                                                                            \
  static inline float name##_float(float x) {                                                      \
    return name##_vec((vec)(x)).s0;                                                                \
  }

/* Limits x to at most `high`, at least `low`; keeps NaN, which fmin and fmax would lose. */
static inline vec at_most(vec x, float high) {
  return select(x, (vec)(high), x > high);
}

static inline vec at_least(vec x, float low) {
  return select(x, (vec)(low), x < low);
}

/* p x + c, a step of Horner's scheme. */
static inline vec horner(vec p, vec x, float c) {
  return fma(p, x, (vec)(c));
}

/* exp(r) - 1, where x = n log 2 + r and |r| <= log(2) / 2; n is in the low bits of *power. Adding
 * 1.5 2^23 rounds to an integer. Relative error of the polynomial 2^-26. */
static inline vec reduced_expm1(vec x, ivec *power) {
  const vec shifted = fma(x, (vec)(1.44269504f), (vec)(12582912.0f));
  const vec n = shifted - 12582912.0f;
  const vec r = fma(n, (vec)(2.12194440e-4f), fma(n, (vec)(-0.693359375f), x));
  vec p = horner((vec)(1.38378621e-3f), r, 8.36708769e-3f);
  p = horner(p, r, 0.0416677482f);
  p = horner(p, r, 0.16666539f);
  p = horner(p, r, 0.49999997f);
  *power = as_ivec(shifted);
  return fma(r * r, p, r);
}

/* 2^(n + shift) from the low bits of a power, for exponents from -126 to 127; -127 gives 0. */
static inline vec power_of_two(ivec power, int shift) {
  return as_vec((power << 23) + ((127 + shift) << 23));
}

/* exp(x) for x <= 89 as (2 exp(r)) 2^(n - 1), since 2^n may be too large; 0 below 2^-125.5. */
static inline vec bounded_exp(vec x) {
  ivec power;
  const vec p = reduced_expm1(at_least(x, -87.33f), &power);
  return horner(p, (vec)(2.0f), 2.0f) * power_of_two(power, -1);
}

static inline vec exp_vec(vec x) {
  return bounded_exp(at_most(x, 89.0f));
}

/* 2^n (exp(r) - 1) + (2^n - 1), computed as twice its half, since 2^n may be too large. */
static inline vec expm1_vec(vec x) {
  ivec power;
  const vec p = reduced_expm1(at_least(at_most(x, 89.0f), -18.0f), &power);
  const vec half_scale = power_of_two(power, -1);
  return 2.0f * fma(half_scale, p, half_scale - 0.5f);
}

/* t / (t + 2) with t = exp(2|x|) - 1, and x's sign; beyond 9.02 the result is 1 to the last bit. */
static inline vec tanh_vec(vec x) {
  ivec power;
  const vec p = reduced_expm1(2.0f * at_most(fabs(x), 9.02f), &power);
  const vec scale = power_of_two(power, 0);
  const vec t = fma(scale, p, scale - 1.0f);
  return copysign(t / (t + 2.0f), x);
}

/* For x >= 2^-126, Inf and NaN. x = 2^n (1 + f) with 1 + f from sqrt(1/2) to sqrt 2; log(1 + f) =
 * f - f^2 / 2 + f^3 P(f), relative error 2^-27. */
static inline vec log_vec(vec x) {
  const ivec power = (as_ivec(x) - 0x3f3504f3) >> 23;
  const vec n = PASTE(convert_float, WIDTH)(power);
  const vec f = as_vec(as_ivec(x) - (power << 23)) - 1.0f, square = f * f;
  vec p = horner((vec)(-0.0763938054f), f, 0.127647251f);
  p = horner(p, f, -0.131596386f);
  p = horner(p, f, 0.142011777f);
  p = horner(p, f, -0.16623351f);
  p = horner(p, f, 0.20001258f);
  p = horner(p, f, -0.250008225f);
  p = horner(p, f, 0.333333313f);
  p = fma(p, f * square, fma(n, (vec)(-2.12194440e-4f), -0.5f * square));
  return select(x, fma(n, (vec)(0.693359375f), f + p), x < INFINITY);
}

/* Only for 0 <= x <= 1, as softplus needs: x P(x), relative error 2^-27. */
static inline vec log1p_vec(vec x) {
  vec p = horner((vec)(-3.45047796e-3f), x, 0.0208225511f);
  p = horner(p, x, -0.0588776022f);
  p = horner(p, x, 0.108100273f);
  p = horner(p, x, -0.154367566f);
  p = horner(p, x, 0.197258264f);
  p = horner(p, x, -0.249650806f);
  p = horner(p, x, 0.333312154f);
  p = horner(p, x, -0.499999613f);
  return fma(p * x, x, x);
}

/* Phi(x) = (1 + erf(x / sqrt 2)) / 2. Below 0 exp(-g), above 1 - exp(-g), where g is a polynomial
 * in |x|; its error moves Phi by 2^-27. */
static inline vec normal_cdf_vec(vec x) {
  const vec a = fabs(x);
  vec g = horner((vec)(1.94177369e-6f), a, -2.70746295e-5f);
  g = horner(g, a, 1.28256521e-4f);
  g = horner(g, a, 9.62822451e-5f);
  g = horner(g, a, -4.89710737e-3f);
  g = horner(g, a, 0.0363879129f);
  g = horner(g, a, 0.318298906f);
  g = horner(g, a, 0.797885299f);
  g = horner(g, a, 0.693147182f);
  const vec below = bounded_exp(-g);
  return select(1.0f - below, below, x < 0.0f);
}

/* Gelu's derivative Phi(x) + x phi(x) with the density phi: below 0 exp(-x^2 / 2) P(|x|), above 1
 * minus that, where P's error moves the result by 2^-27. Beyond 14 both are 0 and 1. */
static inline vec gelu_slope_vec(vec x) {
  const vec a = at_most(fabs(x), 14.0f);
  vec p = horner((vec)(6.07271957e-08f), a, -1.65094218e-06f);
  p = horner(p, a, 2.03314576e-05f);
  p = horner(p, a, -0.000152096443f);
  p = horner(p, a, 0.000787303725f);
  p = horner(p, a, -0.00307203596f);
  p = horner(p, a, 0.00968439598f);
  p = horner(p, a, -0.0260935593f);
  p = horner(p, a, 0.0622782372f);
  p = horner(p, a, -0.13292329f);
  p = horner(p, a, 0.249992549f);
  p = horner(p, a, -0.797884226f);
  p = horner(p, a, 0.5f);
  const vec below = p * bounded_exp(-0.5f * a * a);
  return select(1.0f - below, below, x < 0.0f);
}

SCALAR_OF(exp)
SCALAR_OF(expm1)
SCALAR_OF(tanh)
SCALAR_OF(log)
SCALAR_OF(log1p)
SCALAR_OF(normal_cdf)
SCALAR_OF(gelu_slope)

#endif
