/* The steps of formulas: a list in which a step reads earlier ones, and a value that is needed
 * twice stands once. Derivatives share steps with their formulas, so they stay short.
 *
 * Constants are floats, and operations on constants alone are done here.
 */
#include "formula.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const unsigned char arguments[EBBI_STEP_COUNT] = {
    [EBBI_STEP_NEGATE] = 1,         [EBBI_STEP_ADD] = 2,    [EBBI_STEP_SUBTRACT] = 2,
    [EBBI_STEP_MULTIPLY] = 2,       [EBBI_STEP_DIVIDE] = 2, [EBBI_STEP_LESS] = 4,
    [EBBI_STEP_AT_MOST] = 4,
#define ARGUMENTS_ROW(capitals, name, arguments, ulps) [EBBI_STEP_##capitals] = arguments,
    EBB_FORMULA_LIST(ARGUMENTS_ROW)};

int ebbi_step_operands(ebbi_step operation) {
  return arguments[operation];
}

double ebbi_step_value(ebbi_step operation, const double x[4]) {
  switch (operation) {
  case EBBI_STEP_NEGATE:
    return -x[0];
  case EBBI_STEP_ADD:
    return x[0] + x[1];
  case EBBI_STEP_SUBTRACT:
    return x[0] - x[1];
  case EBBI_STEP_MULTIPLY:
    return x[0] * x[1];
  case EBBI_STEP_DIVIDE:
    return x[0] / x[1];
  case EBBI_STEP_LESS:
    return x[0] < x[1] ? x[2] : x[3];
  case EBBI_STEP_AT_MOST:
    return x[0] <= x[1] ? x[2] : x[3];
#define FUNCTION_OF_1(name) name(x[0])
#define FUNCTION_OF_2(name) name(x[0], x[1])
#define FUNCTION_CASE(capitals, name, arguments, ulps)                                             \
  case EBBI_STEP_##capitals:                                                                       \
    return FUNCTION_OF_##arguments(name);
    EBB_FORMULA_LIST(FUNCTION_CASE)
  default:
    return NAN;
  }
}

/* ---- adding ---- */

static size_t find_or_add(ebb_formula *formula, const ebb_formula_step *step) {
  for (size_t i = 0; i < formula->count; i++)
    if (memcmp(&formula->steps[i], step, sizeof *step) == 0) return i;
  if (formula->count == EBB_FORMULA_STEPS) return EBBI_NO_STEP;
  formula->steps[formula->count] = *step;
  return formula->count++;
}

size_t ebbi_step_constant(ebb_formula *formula, double value) {
  ebb_formula_step step = {.operation = EBBI_STEP_CONSTANT, .constant = (float)value};
  if (step.constant == 0) step.constant = 0; /* not -0 */
  return find_or_add(formula, &step);
}

static bool is_constant(const ebb_formula *formula, size_t step) {
  return formula->steps[step].operation == EBBI_STEP_CONSTANT;
}

static bool is_number(const ebb_formula *formula, size_t step, float value) {
  return is_constant(formula, step) && formula->steps[step].constant == value;
}

/* Finds an operand that is the result; EBBI_NO_STEP if there is none. */
static size_t simplify(ebb_formula *formula, ebbi_step operation, size_t a, size_t b) {
  bool zero = is_number(formula, a, 0), added = operation == EBBI_STEP_ADD;
  switch (operation) {
  case EBBI_STEP_ADD:
  case EBBI_STEP_SUBTRACT:
    if (is_number(formula, b, 0)) return a;
    return !zero ? EBBI_NO_STEP : added ? b : ebbi_step_add(formula, EBBI_STEP_NEGATE, b, b);
  case EBBI_STEP_MULTIPLY:
    if (zero || is_number(formula, b, 1)) return a;
    if (is_number(formula, b, 0) || is_number(formula, a, 1)) return b;
    return EBBI_NO_STEP;
  case EBBI_STEP_DIVIDE:
    return zero || is_number(formula, b, 1) ? a : EBBI_NO_STEP;
  default:
    return EBBI_NO_STEP;
  }
}

size_t ebbi_step_add(ebb_formula *formula, ebbi_step operation, size_t a, size_t b) {
  if (a == EBBI_NO_STEP || b == EBBI_NO_STEP) return EBBI_NO_STEP;
  int operands = ebbi_step_operands(operation);
  ebb_formula_step step = {.operation = (unsigned char)operation};
  if (operands > 0) step.operands[0] = (unsigned char)a;
  if (operands > 1) step.operands[1] = (unsigned char)b;
  if (operands > 0 && is_constant(formula, a) && (operands == 1 || is_constant(formula, b))) {
    double x[4] = {(double)formula->steps[a].constant, (double)formula->steps[b].constant};
    double value = ebbi_step_value(operation, x);
    if (fabs(value) <= (double)FLT_MAX) return ebbi_step_constant(formula, value);
  }
  size_t simple = operands == 2 ? simplify(formula, operation, a, b) : EBBI_NO_STEP;
  return simple != EBBI_NO_STEP ? simple : find_or_add(formula, &step);
}

size_t ebbi_step_choose(ebb_formula *formula, ebbi_step operation, size_t a, size_t b, size_t yes,
                        size_t no) {
  if (a == EBBI_NO_STEP || b == EBBI_NO_STEP || yes == EBBI_NO_STEP || no == EBBI_NO_STEP)
    return EBBI_NO_STEP;
  if (yes == no) return yes;
  ebb_formula_step step = {
      .operation = (unsigned char)operation,
      .operands = {(unsigned char)a, (unsigned char)b, (unsigned char)yes, (unsigned char)no}};
  return find_or_add(formula, &step);
}

/* ---- derivatives ---- */

#define ADD(a, b)      ebbi_step_add(f, EBBI_STEP_ADD, a, b)
#define SUBTRACT(a, b) ebbi_step_add(f, EBBI_STEP_SUBTRACT, a, b)
#define MULTIPLY(a, b) ebbi_step_add(f, EBBI_STEP_MULTIPLY, a, b)
#define DIVIDE(a, b)   ebbi_step_add(f, EBBI_STEP_DIVIDE, a, b)
#define NEGATE(a)      ebbi_step_add(f, EBBI_STEP_NEGATE, a, a)
#define OF(name, a)    ebbi_step_add(f, EBBI_STEP_##name, a, a)
#define NUMBER(value)  ebbi_step_constant(f, value)

/* The derivative of a function of one argument x by x; y is its value. */
static size_t outer(ebb_formula *f, ebbi_step operation, size_t x, size_t y) {
  size_t one = NUMBER(1), zero = NUMBER(0);
  switch (operation) {
  case EBBI_STEP_EXP:
    return y;
  case EBBI_STEP_EXPM1:
    return OF(EXP, x);
  case EBBI_STEP_LOG:
    return DIVIDE(one, x);
  case EBBI_STEP_LOG1P:
    return DIVIDE(one, ADD(one, x));
  case EBBI_STEP_SQRT:
    return DIVIDE(NUMBER(0.5), y);
  case EBBI_STEP_SIN:
    return OF(COS, x);
  case EBBI_STEP_COS:
    return NEGATE(OF(SIN, x));
  case EBBI_STEP_ATAN:
    return DIVIDE(one, ADD(one, MULTIPLY(x, x)));
  case EBBI_STEP_TANH:
    return SUBTRACT(one, MULTIPLY(y, y));
  case EBBI_STEP_ERF: /* 2 / sqrt pi */
    return MULTIPLY(NUMBER(1.12837916709551257390), OF(EXP, NEGATE(MULTIPLY(x, x))));
  case EBBI_STEP_FABS:
    return ebbi_step_choose(f, EBBI_STEP_LESS, zero, x, one,
                            ebbi_step_choose(f, EBBI_STEP_LESS, x, zero, NUMBER(-1), zero));
  default:
    return EBBI_NO_STEP;
  }
}

/* The derivative of one step, from those of its operands. */
static size_t derive(ebb_formula *f, size_t step, const size_t d[EBB_FORMULA_STEPS]) {
  const ebb_formula_step s = f->steps[step];
  size_t a = s.operands[0], b = s.operands[1], zero = NUMBER(0);
  switch ((ebbi_step)s.operation) {
  case EBBI_STEP_Z:
    return NUMBER(1);
  case EBBI_STEP_CONSTANT:
    return zero;
  case EBBI_STEP_NEGATE:
    return zero == d[a] ? zero : NEGATE(d[a]);
  case EBBI_STEP_ADD:
    return ADD(d[a], d[b]);
  case EBBI_STEP_SUBTRACT:
    return SUBTRACT(d[a], d[b]);
  case EBBI_STEP_MULTIPLY:
    return ADD(MULTIPLY(d[a], b), MULTIPLY(a, d[b]));
  case EBBI_STEP_DIVIDE: /* (a' - (a / b) b') / b: no square that could overflow */
    return DIVIDE(SUBTRACT(d[a], MULTIPLY(step, d[b])), b);
  case EBBI_STEP_LESS:
  case EBBI_STEP_AT_MOST:
    return ebbi_step_choose(f, (ebbi_step)s.operation, a, b, d[s.operands[2]], d[s.operands[3]]);
  case EBBI_STEP_FMIN:
    return ebbi_step_choose(f, EBBI_STEP_LESS, a, b, d[a], d[b]);
  case EBBI_STEP_FMAX:
    return ebbi_step_choose(f, EBBI_STEP_LESS, b, a, d[a], d[b]);
  default:
    return d[a] == zero ? zero : MULTIPLY(outer(f, (ebbi_step)s.operation, a, step), d[a]);
  }
}

void ebbi_steps_needed(bool needed[EBB_FORMULA_STEPS], const ebb_formula *formula, size_t step) {
  memset(needed, 0, EBB_FORMULA_STEPS * sizeof *needed);
  needed[step] = true;
  for (size_t i = step + 1; i-- > 0;)
    for (int o = 0; needed[i] && o < ebbi_step_operands((ebbi_step)formula->steps[i].operation);
         o++)
      needed[formula->steps[i].operands[o]] = true;
}

size_t ebbi_step_derive(ebb_formula *formula, size_t step) {
  size_t d[EBB_FORMULA_STEPS];
  bool needed[EBB_FORMULA_STEPS];
  ebbi_steps_needed(needed, formula, step);
  for (size_t i = 0; i <= step; i++) {
    if (!needed[i]) continue;
    d[i] = derive(formula, i, d);
    if (d[i] == EBBI_NO_STEP) return EBBI_NO_STEP;
  }
  return d[step];
}
