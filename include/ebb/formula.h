/* Activations given as formulas, in the words of OpenCL C: f(z) = z / (1 + fabs(z)).
 *
 * A formula has numbers, z, + - * /, parentheses, comparisons with ?: and the functions of
 * EBB_FORMULA_LIST. All numbers are floats: 1 / 2 is 0.5. The derivative is found by
 * differentiation; one that is given is compared with it. In a spec text a formula stands behind
 * its name where it is used first, 64soft(z / (1 + fabs(z)))-64soft-10, with a derivative after
 * ';', in which a is f(z). Formulas come from texts of others, so no text reaches a compiler: it is
 * parsed into steps, and the device's code is written from these.
 */
#ifndef EBB_FORMULA_H
#define EBB_FORMULA_H

#include <ebb/activations.h>
#include <ebb/status.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(NAME, name, arguments, most ulps of its error on a device): the functions of formulas. */
#define EBB_FORMULA_LIST(X)                                                                        \
  X(EXP, exp, 1, 3)                                                                                \
  X(EXPM1, expm1, 1, 3)                                                                            \
  X(LOG, log, 1, 3)                                                                                \
  X(LOG1P, log1p, 1, 2)                                                                            \
  X(SQRT, sqrt, 1, 3)                                                                              \
  X(SIN, sin, 1, 4)                                                                                \
  X(COS, cos, 1, 4)                                                                                \
  X(ATAN, atan, 1, 5)                                                                              \
  X(TANH, tanh, 1, 5)                                                                              \
  X(ERF, erf, 1, 16)                                                                               \
  X(FABS, fabs, 1, 0)                                                                              \
  X(FMIN, fmin, 2, 0)                                                                              \
  X(FMAX, fmax, 2, 0)

enum {
  EBB_FORMULA_NAME = 24,  /* bytes of a name with the final 0 */
  EBB_FORMULA_TEXT = 256, /* bytes of a text with the final 0 */
  EBB_FORMULA_STEPS = 128
};

/* An operation on the results of earlier steps. */
typedef struct ebb_formula_step {
  unsigned char operation, operands[4], reserved[3];
  float constant;
} ebb_formula_step;

/* Made by ebb_spec_formula or ebb_spec_parse only. A name that is empty: none. */
typedef struct ebb_formula {
  char name[EBB_FORMULA_NAME];
  char f[EBB_FORMULA_TEXT], df[EBB_FORMULA_TEXT]; /* without blanks; df "": by differentiation */
  size_t count;
  size_t value, slope; /* the steps that give f and its derivative */
  ebb_formula_step steps[EBB_FORMULA_STEPS];
} ebb_formula;

/* f(z) and its derivative, in double precision. */
double ebb_formula_value(const ebb_formula *formula, double z);
double ebb_formula_slope(const ebb_formula *formula, double z);

#ifdef __cplusplus
}
#endif
#endif
