/* The curves on the host: the rate that the device must compute, and how far it may be off.
 */
#include "schedule.h"

#include <float.h>
#include <math.h>

static const double pi = 3.14159265358979323846;

/* log2(1 + 15 gone), less 4 in the second half, where the wave is the same. */
static double coslog_turns(double left, double gone) {
  return log1p(left < 0.5 ? -0.9375 * left : 15 * gone) / log(2);
}

/* Where a step is within a piece. */
typedef struct place {
  uint64_t t;
  double left, gone, ramp;
} place;

static place place_of(const ebb_state_schedule *s, uint64_t step) {
  uint64_t at = step > s->first ? step - s->first : 1, top = s->warmup > 1 ? s->warmup : 1;
  place p = {.ramp = at < top ? (double)at / (double)top : 1};
  if (s->kind == EBBI_CURVE_COSLOG4) top = 1;
  p.t = at > top ? at - top : 0;
  uint64_t span = s->steps - top + 1;
  p.left = p.t < span ? (double)(span - p.t) / (double)span : 0;
  p.gone = p.t < span ? (double)p.t / (double)span : 1;
  return p;
}

static double curve_left(const ebb_state_schedule *s, const place *p) {
  switch ((ebbi_curve)s->kind) {
  case EBBI_CURVE_LINEAR:
    return p->left;
  case EBBI_CURVE_POLYNOMIAL:
    return pow(p->left, (double)s->power);
  case EBBI_CURVE_ROOT:
    return p->left / (1 + sqrt(p->gone));
  case EBBI_CURVE_INVERSE_ROOT:
    return sqrt((double)s->steps / (double)(s->steps + p->t));
  case EBBI_CURVE_RISE:
    return pow(sin(pi / 2 * p->gone), 2);
  case EBBI_CURVE_COSLOG4:
    return pow(sin(pi * coslog_turns(p->left, p->gone)), 2);
  case EBBI_CURVE_COSINE:
  default:
    return pow(sin(pi / 2 * p->left), 2);
  }
}

static bool is_power(const ebb_state_schedule *s) {
  return s->kind == EBBI_CURVE_STEP || s->kind == EBBI_CURVE_EXPONENTIAL;
}

double ebbi_piece_rate(const ebb_state_schedule *s, uint64_t step) {
  double base = (double)s->base_rate, factor = (double)s->factor;
  place p = place_of(s, step);
  if (p.ramp < 1 && s->kind != EBBI_CURVE_COSLOG4) return base * p.ramp;
  if (s->kind == EBBI_CURVE_CONSTANT) return base;
  if (is_power(s))
    return base * pow(factor, s->kind == EBBI_CURVE_STEP ? (double)(p.t / s->steps)
                                                         : (double)p.t / (double)s->steps);
  return base * p.ramp * (factor + (1 - factor) * curve_left(s, &p));
}

/* In units of 2^-24, from the errors that OpenCL allows: conversion 1/2 ulp, division 2.5, sqrt 3,
 * log1p 2, sinpi 4, pow 16, where an ulp is two units; the exponent of pow has a relative error of
 * 7 units, and its base, left, too. The part of the base rate, and the rate, may be 0 instead of
 * denormal.
 *
 * coslog4 is sin^2(pi x). The logarithm's argument has 7 units, which it grows by at most 1.4; with
 * log1p, the constants and two products x has 20 units. So sin is off by e = 20 pi |x| units, and
 * its square by 2 |sin| e + e^2. */
double ebbi_piece_bound(const ebb_state_schedule *s, uint64_t step) {
  const double unit = (double)FLT_EPSILON / 2;
  double base = (double)s->base_rate, rate = ebbi_piece_rate(s, step), units = 40, extra = 0;
  place p = place_of(s, step);
  if (s->kind == EBBI_CURVE_CONSTANT && rate == base) return 0;
  if (is_power(s) && rate > 0 && rate < base) units += 8 * log(base / rate);
  if (s->kind == EBBI_CURVE_POLYNOMIAL) units += 8 * (double)s->power;
  if (s->kind == EBBI_CURVE_COSLOG4) {
    double x = coslog_turns(p.left, p.gone), e = 20 * unit * pi * fabs(x);
    extra = base * p.ramp * e * (2 * fabs(sin(pi * x)) + e);
  }
  return units * unit * rate + extra + (double)FLT_MIN * fmax(base, 1);
}
