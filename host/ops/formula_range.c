/* What a formula's steps give: in double precision, and as ranges that hold any device's result.
 *
 * A range is computed with the operations' own monotony and widened by the error that OpenCL allows
 * each, so a bound needs no derivation by hand for each formula. Rounding and flushing keep the
 * sign. A product may be fused with a sum: its range holds that too.
 */
#include "formula.h"

#include <float.h>
#include <math.h>

static const unsigned char ulps[EBBI_STEP_COUNT] = {
#define ULPS_ROW(capitals, name, arguments, ulps) [EBBI_STEP_##capitals] = ulps,
    EBB_FORMULA_LIST(ULPS_ROW)};

static const ebbi_range anything = {-INFINITY, INFINITY};

double ebbi_formula_at(const ebb_formula *formula, size_t step, double z) {
  double y[EBB_FORMULA_STEPS];
  for (size_t i = 0; i <= step; i++) {
    const ebb_formula_step *s = &formula->steps[i];
    double x[4] = {0};
    for (int o = 0; o < ebbi_step_operands((ebbi_step)s->operation); o++) x[o] = y[s->operands[o]];
    y[i] = s->operation == EBBI_STEP_Z          ? z
           : s->operation == EBBI_STEP_CONSTANT ? (double)s->constant
                                                : ebbi_step_value((ebbi_step)s->operation, x);
  }
  return isnan(z) ? NAN : y[step];
}

double ebb_formula_value(const ebb_formula *formula, double z) {
  return ebbi_formula_at(formula, formula->value, z);
}

double ebb_formula_slope(const ebb_formula *formula, double z) {
  return ebbi_formula_at(formula, formula->slope, z);
}

/* ---- ranges ---- */

/* Adds a relative error; what may be above the floats may be infinite. */
static ebbi_range widened(ebbi_range r, double error) {
  if (isnan(r.low) || isnan(r.high)) return anything;
  if (r.low == 0 && r.high == 0) return r;
  double low = r.low - error * fabs(r.low) - (double)FLT_MIN;
  double high = r.high + error * fabs(r.high) + (double)FLT_MIN;
  if (r.low >= 0) low = fmax(low, 0);
  if (r.high <= 0) high = fmin(high, 0);
  return (ebbi_range){low<-(double)FLT_MAX ? -INFINITY : low, high>(double) FLT_MAX ? INFINITY
                                                                                    : high};
}

static ebbi_range hull(ebbi_range a, ebbi_range b) {
  return (ebbi_range){fmin(a.low, b.low), fmax(a.high, b.high)};
}

/* An operation whose extremes lie at the operands' ends. */
static ebbi_range by_ends(ebbi_step operation, ebbi_range a, ebbi_range b) {
  ebbi_range r = {INFINITY, -INFINITY};
  for (int i = 0; i < 4; i++) {
    double x[4] = {i & 1 ? a.high : a.low, i & 2 ? b.high : b.low};
    double y = ebbi_step_value(operation, x);
    if (isnan(y)) return anything;
    r = hull(r, (ebbi_range){y, y});
  }
  return r;
}

/* sin and cos: no steeper than 1. */
static ebbi_range wave(ebbi_step operation, ebbi_range a) {
  double middle[4] = {a.low / 2 + a.high / 2}, reach = a.high / 2 - a.low / 2;
  if (isinf(a.low) || isinf(a.high)) return anything;
  double y = ebbi_step_value(operation, middle);
  return (ebbi_range){fmax(y - reach, -1), fmin(y + reach, 1)};
}

static ebbi_range magnitude(ebbi_range a) {
  double least = a.low > 0 ? a.low : a.high < 0 ? -a.high : 0;
  return (ebbi_range){least, fmax(fabs(a.low), fabs(a.high))};
}

/* The yes and the no of ?:, or both where the condition may be either. */
static ebbi_range choice(const ebbi_range x[4], bool sure, bool never) {
  return sure ? x[2] : never ? x[3] : hull(x[2], x[3]);
}

static ebbi_range range_of(ebbi_step operation, const ebbi_range x[4]) {
  double least = operation == EBBI_STEP_LOG1P ? -1 : 0, error = ulps[operation] * 0x1p-23;
  switch (operation) {
  case EBBI_STEP_NEGATE:
    return (ebbi_range){-x[0].high, -x[0].low};
  case EBBI_STEP_FABS:
    return magnitude(x[0]);
  case EBBI_STEP_LESS:
    return choice(x, x[0].high < x[1].low, x[0].low >= x[1].high);
  case EBBI_STEP_AT_MOST:
    return choice(x, x[0].high <= x[1].low, x[0].low > x[1].high);
  case EBBI_STEP_FMIN:
  case EBBI_STEP_FMAX:
    return by_ends(operation, x[0], x[1]);
  case EBBI_STEP_ADD:
  case EBBI_STEP_SUBTRACT:
  case EBBI_STEP_MULTIPLY:
    return widened(by_ends(operation, x[0], x[1]), 0x1p-24);
  case EBBI_STEP_DIVIDE:
    if (x[1].low <= 0 && x[1].high >= 0) return anything;
    return widened(by_ends(operation, x[0], x[1]), 2.5 * 0x1p-23);
  case EBBI_STEP_SIN:
  case EBBI_STEP_COS:
    return widened(wave(operation, x[0]), error);
  case EBBI_STEP_LOG:
  case EBBI_STEP_LOG1P:
  case EBBI_STEP_SQRT:
    if (x[0].low < least) return anything;
    return widened(by_ends(operation, x[0], x[0]), error);
  default:
    return widened(by_ends(operation, x[0], x[0]), error); /* they all rise */
  }
}

ebbi_range ebbi_formula_range(const ebb_formula *formula, size_t step, double low, double high) {
  ebbi_range y[EBB_FORMULA_STEPS], z = {low, high};
  if (fabs(low) < (double)FLT_MIN || fabs(high) < (double)FLT_MIN) z = widened(z, 0);
  for (size_t i = 0; i <= step; i++) {
    const ebb_formula_step *s = &formula->steps[i];
    ebbi_range x[4] = {{0, 0}};
    for (int o = 0; o < ebbi_step_operands((ebbi_step)s->operation); o++) x[o] = y[s->operands[o]];
    y[i] = s->operation == EBBI_STEP_Z ? z
           : s->operation == EBBI_STEP_CONSTANT
               ? (ebbi_range){(double)s->constant, (double)s->constant}
               : range_of((ebbi_step)s->operation, x);
  }
  return y[step];
}

/* ---- pieces ---- */

unsigned ebbi_formula_piece(const ebb_formula *formula, double z) {
  unsigned piece = 0;
  bool needed[EBB_FORMULA_STEPS];
  ebbi_steps_needed(needed, formula, formula->value);
  for (size_t i = 0; i <= formula->value; i++) {
    const ebb_formula_step *s = &formula->steps[i];
    ebbi_step operation = (ebbi_step)s->operation;
    bool sides = operation == EBBI_STEP_LESS || operation == EBBI_STEP_AT_MOST ||
                 operation == EBBI_STEP_FABS || operation == EBBI_STEP_FMIN ||
                 operation == EBBI_STEP_FMAX;
    if (!needed[i] || !sides) continue;
    double a = ebbi_formula_at(formula, s->operands[0], z);
    double b = operation == EBBI_STEP_FABS ? 0 : ebbi_formula_at(formula, s->operands[1], z);
    piece = 3 * piece + (a < b ? 0 : a > b ? 1 : 2);
  }
  return piece;
}
