/* How far a float32 result may be from the exact one: the only place where tolerances come from.
 *
 * None is tuned. u = 2^-24 is the unit roundoff of +, *, fma (all round correctly); an ulp is
 * 2^-23. What OpenCL allows its functions (OpenCL 1.2 specification, 7.4): division 2.5 ulp, sqrt
 * 3, exp and expm1 3, log 3, log1p 2, tanh 5, erf 16.
 */
#ifndef EBBI_BOUNDS_H
#define EBBI_BOUNDS_H

#include <ebb/ops.h>
#include <ebb/precision.h>

#define EBBI_ROUNDOFF 0x1p-24
#define EBBI_ULP      0x1p-23

/* A sum of `count` products, in any order and with or without fma: relative to the sum of the
 * products' magnitudes. (count + 1) u suffices for the sum alone (Higham, Accuracy and Stability of
 * Numerical Algorithms, 2nd ed., section 3.1); the rest is for a bias, a factor, second-order
 * terms. */
double ebbi_bound_sum(size_t count);

/* The same in a precision, operands rounded to it before: a matrix unit, NVIDIA's for one,
 * truncates where it adds (Fasi, Higham, Mikaitis and Pranesh, Numerical behavior of NVIDIA tensor
 * cores, PeerJ Computer Science 7:e330, 2021), which is off by 2u where rounding is by u. */
double ebbi_bound_product(ebb_precision precision, size_t count);

/* What rounding an operand moves it by, relative to itself; 0 in fp32. */
double ebbi_bound_operand(ebb_precision precision);

/* f(z) computed from an exact z: relative to 1 + |z|. */
double ebbi_bound_activation(ebb_activation activation);

/* f'(z) computed from z or from a rounded a = f(z): relative to ebbi_slope_scale. */
double ebbi_bound_slope(ebb_activation activation);
double ebbi_slope_scale(ebb_activation activation, double z);

/* |f'| of any activation (gelu has the largest, 1.129 at z = sqrt 2): the factor by which f can
 * enlarge an error of z. */
#define EBBI_STEEPEST 1.13

/* Rows of a loss, before the mean: relative to the scales below. Sums over rows add
 * ebbi_bound_sum(rows) to the values. */
double ebbi_bound_loss_gradient(ebb_loss loss, size_t cols);
double ebbi_bound_loss_value(ebb_loss loss, size_t cols);

/* What these bounds are relative to: an element of dz, a mean over `live` rows; a row's loss. */
double ebbi_loss_gradient_scale(ebb_loss loss, double dz, double live);
double ebbi_loss_value_scale(ebb_loss loss, double value);

/* What one update does to a parameter and to its moments, relative to the magnitudes that enter. */
double ebbi_bound_update(ebb_optimizer_kind kind);
double ebbi_bound_moment(ebb_optimizer_kind kind);

#endif
