/* How a loss is checked: its reference and its bounds, one row a loss in check/losses/.
 *
 * A bound is in units of EBBI_ROUNDOFF, and grows with the columns of a row.
 */
#ifndef EBBI_LOSS_CHECK_H
#define EBBI_LOSS_CHECK_H

#include "check/reference.h"

/* How far a row's dz and loss may be from the reference's when the outputs z carry errors. */
typedef struct ebbi_loss_spread {
  const double *dz, *scale; /* of the row: dz, and the magnitudes that its bound is relative to */
  const double *z, *z_variance;
  const ebbi_reference_target *target;
  size_t row, cols;
  double *dz_variance; /* out */
  double live, bound;  /* rows that count; bound of dz */
} ebbi_loss_spread;

typedef struct ebbi_loss_check {
  /* The loss of a row and, unless dz is NULL, its gradient by z, before the mean over rows. */
  double (*row)(double *dz, const double *z, const ebbi_reference_target *target, size_t row,
                size_t cols);
  /* What the bounds are relative to, like the row's loss and gradient: the magnitudes of what is
   * added up there. NULL: the loss and |dz| themselves. */
  double (*scale)(double *scale, const double *z, const ebbi_reference_target *target, size_t row,
                  size_t cols);
  double gradient, gradient_column, value,
      value_column; /* the bounds, and their growth with each column */
  /* If the derivative jumps: on which side an output is. */
  bool (*side)(const ebbi_reference_target *target, const double *z, size_t row, size_t col,
               size_t cols);
  /* Fills dz_variance; returns what the row adds to the loss's variance besides dz^2 z_variance. */
  double (*spread)(const ebbi_loss_spread *spread);
} ebbi_loss_check;

#define EBBI_LOSS_CHECK(name, text, targets, formula)                                              \
  extern const ebbi_loss_check ebbi_loss_check_##text;
EBB_LOSS_LIST(EBBI_LOSS_CHECK)
#undef EBBI_LOSS_CHECK

const ebbi_loss_check *ebbi_loss_check_of(ebb_loss loss);

/* The columns of a row's targets, and the target of an output. */
size_t ebbi_target_columns(const ebbi_reference_target *target, size_t cols);
double ebbi_target_value(const ebbi_reference_target *target, size_t row, size_t col, size_t cols);

/* The side of a loss whose derivative jumps where an output is its target. */
bool ebbi_side_of_target(const ebbi_reference_target *target, const double *z, size_t row,
                         size_t col, size_t cols);

/* The index of the largest number of a row. */
size_t ebbi_largest(const double *z, size_t cols);

/* The spread of a loss whose second derivative by z is at most `curvature` / cols. */
double ebbi_spread_values(const ebbi_loss_spread *spread, double curvature);

/* The same where it depends on place: `curvature` gives the largest one between two outputs. */
typedef double ebbi_curvature(ebb_loss loss, double low, double high, double target);
double ebbi_spread_curved(const ebbi_loss_spread *spread, ebbi_curvature *curvature);

/* The spread of a loss that is linear on both sides of the target, whose derivative jumps there by
 * `jump` / cols. */
double ebbi_spread_bend(const ebbi_loss_spread *spread, double jump);

#endif
