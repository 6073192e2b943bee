/* How far a float32 result may be from the exact one. All tolerances come from here.
 *
 * No bound is tuned. u = 2^-24 is the unit roundoff of +, * and fma, which all round correctly; an
 * ulp is 2^-23. OpenCL allows its functions these errors (OpenCL 1.2 specification, 7.4): division
 * 2.5 ulp, sqrt 3, exp and expm1 3, log 3, log1p 2, tanh 5, erf 16.
 */
#ifndef EBBI_BOUNDS_H
#define EBBI_BOUNDS_H

#include "gemm/gemm.h"

#include <ebb/ops.h>
#include <ebb/precision.h>

#define EBBI_ROUNDOFF 0x1p-24
#define EBBI_ULP      0x1p-23

/* A sum of `count` products, in any order, with or without fma: relative to the sum of the
 * products' magnitudes. (count + 1) u suffices for the sum alone (Higham, Accuracy and Stability of
 * Numerical Algorithms, 2nd ed., section 3.1); the rest covers a bias, a factor and second-order
 * terms. */
double ebbi_bound_sum(size_t count);

/* The same when operands are first rounded to a precision. Tensor cores, NVIDIA's among them,
 * truncate when they add (Fasi, Higham, Mikaitis and Pranesh, Numerical behavior of NVIDIA tensor
 * cores, PeerJ Computer Science 7:e330, 2021): the error is 2u instead of u. */
double ebbi_bound_product(ebb_precision precision, size_t count);

/* The error of rounding an operand, relative to the operand; 0 in fp32. */
double ebbi_bound_operand(ebb_precision precision);

/* The norm of `count` numbers by gradient_norm: relative to the norm. */
double ebbi_bound_norm(const ebbi_exec *exec, size_t count);

/* A weight after max-norm, relative to itself, for a unit with `count` incoming weights. */
double ebbi_bound_max_norm(size_t count);

/* f(z) computed from an exact z: relative to ebbi_value_scale, which is 1 + |z| times the growth.
 */
double ebbi_bound_activation(ebb_activation activation);
double ebbi_value_scale(ebb_activation activation, double z);

/* f'(z) computed from z or from a rounded a = f(z): relative to ebbi_slope_scale. */
double ebbi_bound_slope(ebb_activation activation);
double ebbi_slope_scale(ebb_activation activation, double z);

/* The largest |f'| of an activation without growth (gelu's, 1.129 at z = sqrt 2): the factor by
 * which f can amplify an error of z. */
#define EBBI_STEEPEST 1.13

/* Where |f'| may be larger, a bound of it within `reach` of z; at least 1. */
double ebbi_activation_growth(ebb_activation activation, double z, double reach);

/* A row's loss and its gradient before the mean: relative to ebbi_reference_loss_scale. Sums over
 * rows add ebbi_bound_sum(rows) to the bound of values. */
double ebbi_bound_loss_gradient(ebb_loss loss, size_t cols);
double ebbi_bound_loss_value(ebb_loss loss, size_t cols);

/* One update of a parameter and of its moments, relative to the magnitudes of the operands. */
double ebbi_bound_update(ebb_optimizer_kind kind);
double ebbi_bound_moment(ebb_optimizer_kind kind);

#endif
