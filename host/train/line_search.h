/* A step along a line that satisfies the strong Wolfe conditions. */
#ifndef EBBI_LINE_SEARCH_H
#define EBBI_LINE_SEARCH_H

#include <ebb/status.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct ebbi_line_point {
  double t;            /* distance from the start, in lengths of the direction */
  double value, slope; /* of the objective along the line */
} ebbi_line_point;

/* The line, and who computes its points. */
typedef struct ebbi_line {
  ebbi_line_point start; /* t 0; the slope is below 0 */
  double length;         /* the direction's largest magnitude */
  size_t tries;          /* most points after the first */
  /* Finds value and slope at at->t. They need not be finite. */
  ebb_status (*find)(void *context, ebbi_line_point *at);
  void *context;
} ebbi_line;

/* Searches from t on, which is above 0. `out` has the lowest value found; it is the start if no
 * point is lower. `whole` is false if all tries were used up.  Source: (O16), (O17) of
 * docs/backprop.md */
ebb_status ebbi_line_search(ebbi_line_point *out, bool *whole, const ebbi_line *line, double t);

#endif
