/* Makes formulas: parses f, finds its derivative, compares the one that is given with it, and
 * refuses what could not be trained: a formula without z, or one that is not finite around 0.
 */
#include "formula.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Points between -8 and 8: steps of 1/64, 0 among them; and as many not as round. */
enum { POINTS = 2 * 1025 };

static double point(int i) {
  double z = i / 2 / 64.0 - 8;
  return i % 2 ? z + 0.00390625 * 0.7310585786 : z;
}

/* Whether a device computes a finite number. */
static bool is_finite_at(const ebb_formula *formula, size_t step, double z) {
  ebbi_range range = ebbi_formula_range(formula, step, z, z);
  return isfinite(range.low) && isfinite(range.high);
}

static bool check_finite(const ebb_formula *formula, ebbi_formula_fault *fault) {
  for (int i = 0; i < POINTS; i++) {
    bool value = is_finite_at(formula, formula->value, point(i));
    if (value && is_finite_at(formula, formula->slope, point(i))) continue;
    fault->in_slope = value && formula->df[0] != '\0';
    snprintf(fault->what, sizeof fault->what,
             "%s is not finite at z = %.9g, or rounding may make it so; it must be finite for all "
             "z from -8 to 8: choose another formula there by ?:, or keep divisors away from 0 "
             "and arguments of log and sqrt above 0",
             value ? "the derivative" : "the formula", point(i));
    return false;
  }
  return true;
}

/* Whether a point is so near to a kink that f has two derivatives there. */
static bool is_kink(const ebb_formula *formula, double z) {
  return ebbi_formula_piece(formula, z - 1e-6) != ebbi_formula_piece(formula, z + 1e-6);
}

/* The largest slope near z. */
static double steepest(const ebb_formula *formula, size_t slope, double z) {
  double most = 0;
  for (int i = -2; i <= 2; i++)
    most = fmax(most, fabs(ebbi_formula_at(formula, slope, z + i / 2.0)));
  return most;
}

/* Compares the derivative that is given with the one found. They are equal if constants of four
 * digits explain the difference. */
static bool check_slope(const ebb_formula *formula, size_t found, ebbi_formula_fault *fault) {
  for (int i = 0; i < POINTS; i++) {
    double z = point(i), given = ebb_formula_slope(formula, z);
    double right = ebbi_formula_at(formula, found, z);
    double most = 1e-3 * fmax(fabs(given), fabs(right)) + 1e-4 * steepest(formula, found, z);
    if (fabs(given - right) <= most || is_kink(formula, z)) continue;
    fault->in_slope = true;
    snprintf(fault->what, sizeof fault->what,
             "the derivative is wrong: at z = %.9g it is %.6g, and that of the formula is %.6g; "
             "correct it, or leave it out to have it found",
             z, given, right);
    return false;
  }
  return true;
}

static void keep_text(char out[EBB_FORMULA_TEXT], const char *text, size_t length) {
  size_t kept = 0;
  for (size_t i = 0; i < length; i++)
    if (text[i] != ' ' && text[i] != '\t') out[kept++] = text[i];
}

static bool parse_both(ebb_formula *formula, size_t *found, const char *f, size_t f_length,
                       const char *df, size_t df_length, ebbi_formula_fault *fault) {
  if (!ebbi_formula_parse(formula, &formula->value, f, f_length, EBBI_NO_STEP, fault)) return false;
  *found = ebbi_step_derive(formula, formula->value);
  formula->slope = *found;
  if (*found == EBBI_NO_STEP) {
    snprintf(fault->what, sizeof fault->what,
             "with its derivative the formula has more than %d operations; shorten it",
             EBB_FORMULA_STEPS);
    return false;
  }
  if (formula->steps[*found].operation == EBBI_STEP_CONSTANT &&
      formula->steps[*found].constant == 0) {
    snprintf(fault->what, sizeof fault->what, "the formula does not depend on z");
    return false;
  }
  fault->in_slope = df != NULL;
  return !df || ebbi_formula_parse(formula, &formula->slope, df, df_length, formula->value, fault);
}

bool ebbi_formula_make(ebb_formula *out, const char *f, size_t f_length, const char *df,
                       size_t df_length, ebbi_formula_fault *fault) {
  ebb_formula formula = {.count = 0};
  size_t found;
  memset(fault, 0, sizeof *fault);
  if (!parse_both(&formula, &found, f, f_length, df, df_length, fault)) return false;
  keep_text(formula.f, f, f_length);
  if (df) keep_text(formula.df, df, df_length);
  *fault = (ebbi_formula_fault){0};
  if (!check_finite(&formula, fault)) return false;
  if (df && !check_slope(&formula, found, fault)) return false;
  memcpy(formula.name, out->name, sizeof formula.name);
  *out = formula;
  return true;
}
