/* The reference's losses and their gradients by the network's output.
 *
 * Cross-entropy is taken relative to the row's largest logit, which is left out of the sum of
 * exponentials and comes back through log1p: a confident, correct row has a loss far below the
 * rounding of 1, and log(sum of exponentials) would lose it.
 */
#include "check/reference.h"

#include <math.h>

static size_t largest(const double *z, size_t cols) {
  size_t best = 0;
  for (size_t col = 1; col < cols; col++)
    if (z[col] > z[best]) best = col;
  return best;
}

/* One row of (4), -log softmax(z)[label], and of (7) times B, softmax(z) - onehot(label). A label
 * that is no class has neither: a device's memory may hold one. */
static double cross_entropy_row(double *dz, const double *z, size_t label, size_t cols) {
  for (size_t col = 0; dz && label >= cols && col < cols; col++) dz[col] = NAN;
  if (label >= cols) return NAN;
  size_t best = largest(z, cols);
  double others = 0; /* sum of exp(z - z[best]) but for the 1 of `best` itself */
  for (size_t col = 0; col < cols; col++)
    if (col != best) others += exp(z[col] - z[best]);
  for (size_t col = 0; dz && col < cols; col++) {
    double softmax = exp(z[col] - z[best]) / (1 + others);
    dz[col] = softmax - (col == label);
  }
  if (dz && label == best) dz[best] = -others / (1 + others); /* softmax - 1, uncancelled */
  return log1p(others) - (z[label] - z[best]);
}

/* One row of (3) times B, the mean of (z - y)^2, and of (6) times B, 2 (z - y) / O. */
static double mse_row(double *dz, const double *z, const double *y, size_t cols) {
  double sum = 0;
  for (size_t col = 0; col < cols; col++) {
    double error = z[col] - y[col];
    sum += error * error;
    if (dz) dz[col] = 2 * error / (double)cols;
  }
  return sum / (double)cols;
}

double ebbi_reference_loss(double *dz, const double *z, const ebbi_reference_target *target,
                           size_t rows, size_t live, size_t cols) {
  double sum = 0;
  for (size_t row = 0; row < live; row++) {
    double *dz_row = dz ? dz + row * cols : NULL;
    const double *z_row = z + row * cols;
    sum += target->loss == EBB_LOSS_MSE
               ? mse_row(dz_row, z_row, target->values + row * cols, cols)
               : cross_entropy_row(dz_row, z_row, (size_t)target->labels[row], cols);
  }
  for (size_t at = 0; dz && at < rows * cols; at++)
    dz[at] = at < live * cols ? dz[at] / (double)live : 0;
  return sum / (double)live;
}

size_t ebbi_reference_correct(const double *z, const int32_t *labels, size_t live, size_t cols) {
  size_t correct = 0;
  for (size_t row = 0; row < live; row++)
    correct += largest(z + row * cols, cols) == (size_t)labels[row];
  return correct;
}

size_t ebbi_reference_unsure(const double *z, size_t live, size_t cols) {
  size_t unsure = 0;
  for (size_t row = 0; row < live; row++) {
    double first = -INFINITY, second = -INFINITY;
    for (size_t i = 0; i < cols; i++) {
      second = fmax(second, fmin(first, z[row * cols + i]));
      first = fmax(first, z[row * cols + i]);
    }
    unsure += first - second < 1e-4 * (1 + fabs(first));
  }
  return unsure;
}
