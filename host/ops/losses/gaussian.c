/* The likelihood of normally distributed values, of which the network gives mean and log variance.
 * Source: Nix, Weigend, Estimating the mean and variance of the target probability distribution,
 * 1994. */
#include "ops/loss_row.h"

#include <math.h>
#include <stdio.h>

static const double LOG_TWO_PI = 1.8378770664093454836;

/* Of the target itself, with all constants: predicted are mean and standard deviation. */
static double negative_log_likelihood(ebb_loss loss, double actual, const double *predicted,
                                      size_t output) {
  (void)loss, (void)output;
  double d = (predicted[0] - actual) / predicted[1];
  return (LOG_TWO_PI + d * d) / 2 + log(predicted[1]);
}

static double is_near(ebb_loss loss, double actual, const double *predicted, size_t output) {
  (void)loss, (void)output;
  return fabs(predicted[0] - actual) <= predicted[1];
}

static void predict(double *predicted, ebb_loss loss, const float *z, double scale, double shift) {
  predicted[0] = (double)z[0] * scale + shift;
  predicted[1] = scale * sqrt(fmax(exp((double)z[1]), loss.parameters[0]));
}

static void column_name(char text[EBBI_LOSS_COLUMN], ebb_loss loss, size_t column) {
  (void)loss;
  if (column == 1) snprintf(text, EBBI_LOSS_COLUMN, "deviation");
}

static void constants(double c[EBB_LOSS_PARAMETERS], ebb_loss loss) {
  c[0] = log(loss.parameters[0]);
}

const ebbi_loss_row ebbi_loss_gaussian = {
    .parameters = {{.name = "eps", .least = 1e-12, .most = 1, .usual = 1e-6}},
    .outputs = 2,
    .predict = predict,
    .columns = {.name = column_name},
    .flops = 10,
    .bytes = 10,
    .constants = constants,
    .scores = {
        {.name = "nll", .text = "negative log-likelihood", .over = negative_log_likelihood},
        {.name = "within_deviation", .text = "within one standard deviation", .over = is_near}}};
