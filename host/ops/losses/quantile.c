/* The pinball loss, for quantiles of the values: one, or up to eight at once, with an output for
 * each. */
#include "ops/loss_row.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>

static double pinball(ebb_loss loss, double actual, const double *predicted, size_t output) {
  double q = loss.parameters[output], d = predicted[output] - actual;
  return d > 0 ? (1 - q) * d : -q * d;
}

static double mean_pinball(ebb_loss loss, double actual, const double *predicted, size_t output) {
  (void)output;
  size_t outputs = ebb_loss_outputs(loss);
  double sum = 0;
  for (size_t k = 0; k < outputs; k++) sum += pinball(loss, actual, predicted, k);
  return sum / (double)outputs;
}

static double covers(ebb_loss loss, double actual, const double *predicted, size_t output) {
  (void)output;
  return predicted[0] <= actual && actual <= predicted[ebb_loss_outputs(loss) - 1];
}

/* Outputs may cross where the network knows little; in rising order their pinball losses add up to
 * less. Source: Chernozhukov et al., Quantile and Probability Curves without Crossing, 2010. */
static void predict(double *predicted, ebb_loss loss, const float *z, double scale, double shift) {
  size_t outputs = ebb_loss_outputs(loss);
  for (size_t k = 0; k < outputs; k++) {
    double value = (double)z[k] * scale + shift;
    size_t at = k;
    for (; at > 0 && predicted[at - 1] > value; at--) predicted[at] = predicted[at - 1];
    predicted[at] = value;
  }
}

/* The quantile nearest to the median. */
static size_t centre(ebb_loss loss) {
  size_t best = 0;
  for (size_t k = 1; k < ebb_loss_outputs(loss); k++)
    if (fabs(loss.parameters[k] - 0.5) < fabs(loss.parameters[best] - 0.5)) best = k;
  return best;
}

static void column_name(char text[EBBI_LOSS_COLUMN], ebb_loss loss, size_t column) {
  char number[EBBI_NUMBER_TEXT];
  ebbi_number_text(number, loss.parameters[column]);
  if (ebb_loss_outputs(loss) > 1) snprintf(text, EBBI_LOSS_COLUMN, "q%.24s", number);
}

/* A quantile above the median is given less 1: either part of 1 then keeps its digits. */
static void constants(double c[EBB_LOSS_PARAMETERS], ebb_loss loss) {
  for (size_t k = 0; k < EBB_LOSS_PARAMETERS; k++)
    c[k] = loss.parameters[k] > 0.5 ? loss.parameters[k] - 1 : loss.parameters[k];
}

const ebbi_loss_row ebbi_loss_quantile = {
    .parameters =
        {{.name = "q", .least = 0, .most = 1, .above = true, .below = true, .usual = 0.5}},
    .list = true,
    .predict = predict,
    .centre = centre,
    .columns = {.name = column_name},
    .flops = 6,
    .bytes = 12,
    .constants = constants,
    .scores = {{.name = "pinball_loss", .text = "pinball loss", .over = mean_pinball},
               {.name = "pinball", .text = "  of quantile", .over = pinball, .each = true},
               {.name = "coverage",
                .text = "within the outermost quantiles",
                .over = covers,
                .several = true}}};
