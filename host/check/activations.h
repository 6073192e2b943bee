/* References of activations with a parameter p. */
#ifndef EBBI_CHECK_ACTIVATIONS_H
#define EBBI_CHECK_ACTIVATIONS_H

#include <stdbool.h>

typedef struct ebbi_parametric {
  double (*value)(double z, double p), (*slope)(double z, double p);
  double (*inverse)(double a, double p); /* NULL: f' is taken from z */
  double (*steepest)(double p);          /* a bound of |f'| */
  bool turns;                            /* f' rises and falls again and again */
} ebbi_parametric;

extern const ebbi_parametric ebbi_leaky_relu, ebbi_elu, ebbi_celu, ebbi_sin;

#endif
