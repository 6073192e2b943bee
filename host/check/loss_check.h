/* How a loss is checked: its reference and its bounds, one row a loss in check/losses/.
 *
 * A bound is in units of EBBI_ROUNDOFF, and grows with the columns of a row.
 */
#ifndef EBBI_LOSS_CHECK_H
#define EBBI_LOSS_CHECK_H

#include "check/reference.h"

/* How far a row's dz and loss may be from the reference's when the outputs z carry errors. */
typedef struct ebbi_loss_spread {
  const double *dz, *z_variance; /* of the row */
  double *dz_variance;           /* out */
  size_t cols, label;            /* label: of losses with labels */
  double live, bound;            /* rows that count; relative bound of dz */
} ebbi_loss_spread;

typedef struct ebbi_loss_check {
  /* The loss of a row and, unless dz is NULL, its gradient by z, before the mean over rows. */
  double (*row)(double *dz, const double *z, const ebbi_reference_target *target, size_t row,
                size_t cols);
  bool absolute; /* dz's bound is relative to 1, the loss's to 1 + loss; else to themselves */
  double gradient, gradient_column, value,
      value_column; /* the bounds, and their growth with each column */
  /* Fills dz_variance; returns what the row adds to the loss's variance besides dz^2 z_variance. */
  double (*spread)(const ebbi_loss_spread *spread);
} ebbi_loss_check;

#define EBBI_LOSS_CHECK(name, text, targets, formula)                                              \
  extern const ebbi_loss_check ebbi_loss_check_##text;
EBB_LOSS_LIST(EBBI_LOSS_CHECK)
#undef EBBI_LOSS_CHECK

const ebbi_loss_check *ebbi_loss_check_of(ebb_loss loss);

/* The index of the largest number of a row. */
size_t ebbi_largest(const double *z, size_t cols);

/* The spread of a loss whose second derivative by z is at most `curvature` / cols. */
double ebbi_spread_values(const ebbi_loss_spread *spread, double curvature);

#endif
