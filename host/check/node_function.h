/* The activation of a node, by the list's references or by its formula. */
#ifndef EBBI_NODE_FUNCTION_H
#define EBBI_NODE_FUNCTION_H

#include "nn/spec.h"

/* f(z) and f'(z). */
double ebbi_node_value(const ebb_spec *spec, size_t node, double z);
double ebbi_node_slope(const ebb_spec *spec, size_t node, double z);

/* How far a device's f(z), f'(z) may be off for an exact z; infinite where it may overflow. */
double ebbi_node_value_error(const ebb_spec *spec, size_t node, double z);
double ebbi_node_slope_error(const ebb_spec *spec, size_t node, double z);

/* The same for f of any number that is at most `reach` from z. */
double ebbi_node_value_reach(const ebb_spec *spec, size_t node, double z, double reach);

/* f' around z: its largest magnitude, and its largest distance from f'(z). */
typedef struct ebbi_slope_around {
  double steepest, change;
} ebbi_slope_around;
ebbi_slope_around ebbi_node_slope_around(const ebb_spec *spec, size_t node, double z, double reach);

/* A number that changes where z passes a place at which f' jumps. */
unsigned ebbi_node_piece(const ebb_spec *spec, size_t node, double z);

#endif
