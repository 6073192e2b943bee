/* The activation of a node. The bounds of the list's are derived by hand, for each (activations.c);
 * those of a formula by ranges that hold a device's results (ops/formula_range.c).
 */
#include "check/node_function.h"

#include "check/bounds.h"
#include "check/reference.h"
#include "ops/formula.h"

#include <float.h>
#include <math.h>

static const ebb_formula *formula_of(const ebb_spec *spec, size_t node) {
  return ebb_spec_formula_of(spec, spec->nodes[node].activation);
}

static ebb_activation activation_of(const ebb_spec *spec, size_t node) {
  return spec->nodes[node].activation;
}

double ebbi_node_value(const ebb_spec *spec, size_t node, double z) {
  const ebb_formula *formula = formula_of(spec, node);
  return formula ? ebb_formula_value(formula, z)
                 : ebbi_reference_activation(activation_of(spec, node), z);
}

double ebbi_node_slope(const ebb_spec *spec, size_t node, double z) {
  const ebb_formula *formula = formula_of(spec, node);
  return formula ? ebb_formula_slope(formula, z)
                 : ebbi_reference_slope(activation_of(spec, node), z);
}

/* ---- errors ---- */

/* The largest distance of a range from a number. */
static double distance(ebbi_range range, double from) {
  return fmax(fabs(range.high - from), fabs(from - range.low));
}

double ebbi_node_value_error(const ebb_spec *spec, size_t node, double z) {
  const ebb_formula *formula = formula_of(spec, node);
  ebb_activation activation = activation_of(spec, node);
  if (!formula) return ebbi_bound_activation(activation) * ebbi_value_scale(activation, z);
  return distance(ebbi_formula_range(formula, formula->value, z, z), ebb_formula_value(formula, z));
}

double ebbi_node_slope_error(const ebb_spec *spec, size_t node, double z) {
  const ebb_formula *formula = formula_of(spec, node);
  ebb_activation activation = activation_of(spec, node);
  if (!formula) return ebbi_bound_slope(activation) * ebbi_slope_scale(activation, z);
  return distance(ebbi_formula_range(formula, formula->slope, z, z), ebb_formula_slope(formula, z));
}

double ebbi_node_value_reach(const ebb_spec *spec, size_t node, double z, double reach) {
  const ebb_formula *formula = formula_of(spec, node);
  ebb_activation activation = activation_of(spec, node);
  if (formula)
    return distance(ebbi_formula_range(formula, formula->value, z - reach, z + reach),
                    ebb_formula_value(formula, z));
  double growth = ebbi_activation_growth(activation, z, reach);
  if (fabs(ebbi_reference_activation(activation, z)) + growth * reach >= (double)FLT_MAX / 2)
    return INFINITY;
  return growth *
         (EBBI_STEEPEST * reach + ebbi_bound_activation(activation) * (1 + fabs(z) + reach));
}

/* ---- slopes ---- */

/* f' is sampled at both ends and, where they lie between, at the extrema of the activations' f' and
 * beside kinks; where f' turns often, also evenly within. */
enum { INNER = 16 };

static void widen(ebbi_slope_around *range, ebb_activation activation, double z, double here) {
  double slope = ebbi_reference_slope(activation, z);
  range->steepest = fmax(range->steepest, fabs(slope));
  range->change = fmax(range->change, fabs(slope - here));
}

static ebbi_slope_around slope_around(ebb_activation activation, double z, double reach) {
  static const double turns[] = {-INFINITY, -2.4, -1.5, 0, 1.5, 2.4, INFINITY};
  double here = ebbi_reference_slope(activation, z);
  ebbi_slope_around range = {fabs(here), 0};
  int kink_count;
  const double *kinks = ebbi_activation_kinks(&kink_count, activation);
  for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
    bool end = isinf(turns[i]), within = turns[i] > z - reach && turns[i] < z + reach;
    if (end || within)
      widen(&range, activation, end ? z + copysign(reach, turns[i]) : turns[i], here);
  }
  for (int i = 1; ebbi_activation_turns(activation) && i < INNER; i++)
    widen(&range, activation, z + reach * (2.0 * i / INNER - 1), here);
  for (int k = 0; k < kink_count; k++) {
    if (fabs(kinks[k] - z) > reach) continue;
    widen(&range, activation, nextafter(kinks[k], -INFINITY), here);
    widen(&range, activation, nextafter(kinks[k], INFINITY), here);
  }
  return range;
}

ebbi_slope_around ebbi_node_slope_around(const ebb_spec *spec, size_t node, double z,
                                         double reach) {
  const ebb_formula *formula = formula_of(spec, node);
  if (!formula) return slope_around(activation_of(spec, node), z, reach);
  ebbi_range range = ebbi_formula_range(formula, formula->slope, z - reach, z + reach);
  return (ebbi_slope_around){fmax(fabs(range.low), fabs(range.high)),
                             distance(range, ebb_formula_slope(formula, z))};
}

unsigned ebbi_node_piece(const ebb_spec *spec, size_t node, double z) {
  const ebb_formula *formula = formula_of(spec, node);
  return formula ? ebbi_formula_piece(formula, z)
                 : (unsigned)ebbi_activation_piece(activation_of(spec, node), z);
}
