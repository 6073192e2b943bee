/* Formulas as device code.
 *
 * The code is a build option, so that the key of a built program contains it. An option ends at a
 * blank, so the code has none: LET(t1,…), of kernels/activation.h, names a value. Constants are the
 * bits of floats, whose text is the same in every locale.
 */
#include "formula.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* What stands for an operation: %1 to %4 are its operands. */
static const char *const codes[EBBI_STEP_COUNT] = {
    [EBBI_STEP_Z] = "z",
    [EBBI_STEP_NEGATE] = "-%1",
    [EBBI_STEP_ADD] = "%1+%2",
    [EBBI_STEP_SUBTRACT] = "%1-%2",
    [EBBI_STEP_MULTIPLY] = "%1*%2",
    [EBBI_STEP_DIVIDE] = "%1/%2",
    [EBBI_STEP_LESS] = "select(%4,%3,%1<%2)",
    [EBBI_STEP_AT_MOST] = "select(%4,%3,%1<=%2)",
    [EBBI_STEP_EXP] = "exp_vec(%1)",
    [EBBI_STEP_EXPM1] = "expm1_vec(%1)",
    [EBBI_STEP_LOG] = "log(%1)",
    [EBBI_STEP_LOG1P] = "log1p(%1)",
    [EBBI_STEP_SQRT] = "sqrt(%1)",
    [EBBI_STEP_SIN] = "sin(ANGLE(vec,%1,1.0f))",
    [EBBI_STEP_COS] = "cos(ANGLE(vec,%1,1.0f))",
    [EBBI_STEP_ATAN] = "atan(%1)",
    [EBBI_STEP_TANH] = "tanh_vec(%1)",
    [EBBI_STEP_ERF] = "erf(%1)",
    [EBBI_STEP_FABS] = "fabs(%1)",
    [EBBI_STEP_FMIN] = "fmin(%1,%2)",
    [EBBI_STEP_FMAX] = "fmax(%1,%2)",
};

typedef struct writer {
  char *text;
  size_t size, used;
} writer;

static void put(writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(writer *w, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(w->text + w->used, w->size - w->used, format, arguments);
  va_end(arguments);
  if (length > 0 && (size_t)length < w->size - w->used) w->used += (size_t)length;
}

static void put_step(writer *w, const ebb_formula_step *step) {
  uint32_t bits;
  memcpy(&bits, &step->constant, sizeof bits);
  if (step->operation == EBBI_STEP_CONSTANT) put(w, "as_float(0x%08" PRIx32 ")", bits);
  for (const char *c = codes[step->operation]; c && *c; c++) {
    if (*c == '%')
      put(w, "t%d", step->operands[*++c - '1']);
    else
      put(w, "%c", *c);
  }
}

/* The statements that end with the result. */
static void put_function(writer *w, const ebb_formula *formula, size_t result) {
  bool needed[EBB_FORMULA_STEPS];
  ebbi_steps_needed(needed, formula, result);
  for (size_t i = 0; i <= result; i++) {
    if (!needed[i]) continue;
    put(w, "LET(t%zu,", i);
    put_step(w, &formula->steps[i]);
    put(w, ")");
  }
  put(w, "RESULT(t%zu)", result);
}

void ebbi_formula_option(char option[EBBI_FORMULA_OPTION], const ebb_formula *formula, int index) {
  writer w = {option, EBBI_FORMULA_OPTION, 0};
  put(&w, "-DVALUE_%d=", index);
  put_function(&w, formula, formula->value);
  put(&w, " -DSLOPE_%d=", index);
  put_function(&w, formula, formula->slope);
}
