/* The table of activations: names, parameters, and the text form.
 *
 * An ebb_activation holds its parameter as a decimal number, so that texts give the same number
 * again: the lowest 8 bits are the row, then 20 bits of digits and 3 bits with the number of
 * decimals. All zero is the default. A struct was rejected: everything that takes the enum,
 * programs of users among it, takes an activation with a parameter as well.
 */
#include "base/error.h"
#include "base/text.h"
#include "ops.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS = 8, DECIMALS = 28, MOST_DIGITS = 999999, MOST_DECIMALS = 6 };

static const struct {
  const char *name;
  bool needs_z;
} rows[] = {
#define ACTIVATION_ROW(name, text, needs_z, formula) {#text, needs_z},
    EBB_ACTIVATION_LIST(ACTIVATION_ROW)};

static const struct {
  const char *name;
  double most, usual;
} parameters[EBB_ACT_COUNT] = {
#define PARAMETER_ROW(row, name, most, usual) [EBB_ACT_##row] = {name, most, usual},
    EBB_ACTIVATION_PARAMETER_LIST(PARAMETER_ROW)};

static unsigned row_of(ebb_activation activation) {
  return EBB_ACTIVATION_ROW((unsigned)activation);
}

static unsigned digits_of(ebb_activation activation) {
  return (unsigned)activation >> DIGITS & 0xfffff;
}

static unsigned decimals_of(ebb_activation activation) {
  return (unsigned)activation >> DECIMALS;
}

_Static_assert(EBB_ACT_COUNT <= EBB_ACT_FORMULA_0, "rows and formulas have numbers of their own");

bool ebbi_activation_exists(ebb_activation activation) {
  unsigned row = row_of(activation), digits = digits_of(activation);
  if (row >= EBB_ACT_COUNT || (unsigned)activation == row) return row < EBB_ACT_COUNT;
  return parameters[row].name && digits > 0 && digits <= MOST_DIGITS &&
         decimals_of(activation) <= MOST_DECIMALS;
}

const char *ebb_activation_name(ebb_activation activation) {
  return ebbi_activation_exists(activation) ? rows[row_of(activation)].name : "?";
}

bool ebb_activation_needs_z(ebb_activation activation) {
  bool formula = activation >= EBB_ACT_FORMULA_0 && activation <= EBB_ACT_FORMULA_3;
  return formula || (ebbi_activation_exists(activation) && rows[row_of(activation)].needs_z);
}

const char *ebb_activation_parameter_name(ebb_activation activation) {
  return ebbi_activation_exists(activation) ? parameters[row_of(activation)].name : NULL;
}

double ebb_activation_parameter(ebb_activation activation) {
  static const double tens[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
  unsigned digits = digits_of(activation);
  if (!ebb_activation_parameter_name(activation)) return 0;
  return digits == 0 ? parameters[row_of(activation)].usual
                     : digits / tens[decimals_of(activation)];
}

ebb_status ebb_activation_with(ebb_activation *out, ebb_activation row, double parameter) {
  static const char where[] = "ebb_activation_with";
  REQUIRE(out, EBB_ERR_ARGUMENT, "%s: an argument is NULL", where);
  REQUIRE(ebbi_activation_exists(row), EBB_ERR_ARGUMENT, "%s: there is no activation %d", where,
          (int)row);
  unsigned at = row_of(row), decimals = MOST_DECIMALS;
  REQUIRE(parameters[at].name, EBB_ERR_ARGUMENT, "%s: %s has no parameter", where, rows[at].name);
  REQUIRE(parameter > 0 && parameter <= parameters[at].most, EBB_ERR_ARGUMENT,
          "%s: %s with %s %g; it must be above 0 and at most %g", where, rows[at].name,
          parameters[at].name, parameter, parameters[at].most);
  double scale = 1e6;
  for (; parameter * scale > MOST_DIGITS; scale /= 10) decimals--;
  unsigned digits = (unsigned)lround(parameter * scale);
  REQUIRE(digits > 0, EBB_ERR_ARGUMENT, "%s: %s with %s %g; at least 0.000001 is possible", where,
          rows[at].name, parameters[at].name, parameter);
  for (; decimals > 0 && digits % 10 == 0; digits /= 10) decimals--;
  *out = (ebb_activation)(at | digits << DIGITS | decimals << DECIMALS);
  if (ebb_activation_parameter(*out) == parameters[at].usual) *out = (ebb_activation)at;
  return EBB_OK;
}

ebb_activation ebbi_activation_named(const char *name, size_t length) {
  int row = 0;
  while (row < EBB_ACT_COUNT &&
         (strlen(rows[row].name) != length || memcmp(rows[row].name, name, length) != 0))
    row++;
  return (ebb_activation)row;
}

ebb_status ebb_activation_parse(ebb_activation *out, const char *text) {
  REQUIRE(out && text, EBB_ERR_ARGUMENT, "ebb_activation_parse: an argument is NULL");
  size_t length = strcspn(text, "("), all = strlen(text);
  ebb_activation row = ebbi_activation_named(text, length);
  REQUIRE(row != EBB_ACT_COUNT, EBB_ERR_ARGUMENT, "activation \"%.60s\": unknown", text);
  *out = row;
  if (length == all) return EBB_OK;
  double parameter = 0;
  REQUIRE(text[all - 1] == ')' &&
              ebbi_parse_number(&parameter, text + length + 1, all - length - 2, '.'),
          EBB_ERR_ARGUMENT, "activation \"%.60s\": a number in parentheses must follow the name",
          text);
  return ebb_activation_with(out, row, parameter);
}

const char *ebb_activation_text(char text[EBB_ACTIVATION_TEXT], ebb_activation activation) {
  const char *name = ebb_activation_name(activation);
  snprintf(text, EBB_ACTIVATION_TEXT, "%s", name);
  if (!ebbi_activation_exists(activation) || (unsigned)activation == row_of(activation))
    return text;
  unsigned digits = digits_of(activation), decimals = decimals_of(activation), unit = 1;
  for (unsigned d = 0; d < decimals; d++) unit *= 10;
  snprintf(text, EBB_ACTIVATION_TEXT, decimals ? "%s(%u.%0*u)" : "%s(%u)", name, digits / unit,
           (int)decimals, digits % unit);
  return text;
}

ebb_activation ebbi_activation_varied(ebb_activation row) {
  ebb_activation varied = row;
  if (parameters[row_of(row)].name)
    (void)ebb_activation_with(&varied, row, 2.5 * parameters[row_of(row)].usual);
  return varied;
}
