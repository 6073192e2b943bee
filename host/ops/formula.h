/* Formulas inside the library (ebb/formula.h): their steps, which are made, evaluated and written
 * as device code. */
#ifndef EBBI_FORMULA_H
#define EBBI_FORMULA_H

#include <ebb/formula.h>

#include <stdbool.h>

/* The operations of steps. LESS and AT_MOST are c ? x : y with the condition a < b, a <= b. */
typedef enum ebbi_operation_of_step {
  EBBI_STEP_Z,
  EBBI_STEP_CONSTANT,
  EBBI_STEP_NEGATE,
  EBBI_STEP_ADD,
  EBBI_STEP_SUBTRACT,
  EBBI_STEP_MULTIPLY,
  EBBI_STEP_DIVIDE,
  EBBI_STEP_LESS,
  EBBI_STEP_AT_MOST,
#define EBBI_STEP_ENUM(capitals, name, arguments, ulps) EBBI_STEP_##capitals,
  EBB_FORMULA_LIST(EBBI_STEP_ENUM)
#undef EBBI_STEP_ENUM
      EBBI_STEP_COUNT
} ebbi_step;

/* What is wrong with a text, and at which of its bytes, from 0. */
typedef struct ebbi_formula_fault {
  bool in_slope; /* in the text of the derivative */
  size_t at;
  char what[320];
} ebbi_formula_fault;

/* Makes a formula of texts of `length` bytes; df NULL: by differentiation. A given df is compared
 * with the derivative at many points. Returns false, with the fault, if a text is no formula, f or
 * its derivative is not finite between -8 and 8, or df differs. */
bool ebbi_formula_make(ebb_formula *out, const char *f, size_t f_length, const char *df,
                       size_t df_length, ebbi_formula_fault *fault);

/* ---- steps ---- */

enum { EBBI_NO_STEP = EBB_FORMULA_STEPS };

/* Operands of a step of this kind. */
int ebbi_step_operands(ebbi_step operation);

/* Returns the step with this operation, new or one that there is already, or a simpler one of the
 * same value; EBBI_NO_STEP if there is no room or an operand is EBBI_NO_STEP. */
size_t ebbi_step_add(ebb_formula *formula, ebbi_step operation, size_t a, size_t b);
size_t ebbi_step_constant(ebb_formula *formula, double value);
size_t ebbi_step_choose(ebb_formula *formula, ebbi_step operation, size_t a, size_t b, size_t yes,
                        size_t no);

/* Marks the steps that a step needs, itself among them. */
void ebbi_steps_needed(bool needed[EBB_FORMULA_STEPS], const ebb_formula *formula, size_t step);

/* The derivative by z of a step. */
size_t ebbi_step_derive(ebb_formula *formula, size_t step);

/* One operation in double precision, on up to four operands. */
double ebbi_step_value(ebbi_step operation, const double x[4]);

/* ---- parsing ---- */

/* Parses a text of `length` bytes into steps of `formula`; `a` is the step that "a" names, or
 * EBBI_NO_STEP. Returns false with a fault. */
bool ebbi_formula_parse(ebb_formula *formula, size_t *step, const char *text, size_t length,
                        size_t a, ebbi_formula_fault *fault);

/* ---- numbers ---- */

/* The result of a step. */
double ebbi_formula_at(const ebb_formula *formula, size_t step, double z);

/* Where a device's result can lie, for any z from low to high; infinite where it may overflow or
 * be NaN. Each operation is rounded, by the ulps that OpenCL allows, and may flush denormals. */
typedef struct ebbi_range {
  double low, high;
} ebbi_range;
ebbi_range ebbi_formula_range(const ebb_formula *formula, size_t step, double low, double high);

/* A number that changes where a comparison, fabs, fmin or fmax of f changes sides. */
unsigned ebbi_formula_piece(const ebb_formula *formula, double z);

/* ---- device code ---- */

enum { EBBI_FORMULA_OPTION = 12288 };

/* Writes the build options of formula number `index`: "-DVALUE_0=… -DSLOPE_0=…". */
void ebbi_formula_option(char option[EBBI_FORMULA_OPTION], const ebb_formula *formula, int index);

#endif
