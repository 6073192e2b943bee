/* Binary cross-entropy, for two classes in one output, and for several targets of 0 and 1 that do
 * not exclude each other. Targets between 0 and 1 are probabilities. */
#include "ops/loss_row.h"

#include <math.h>
#include <stdio.h>

static double is_right(ebb_loss loss, double actual, double predicted) {
  (void)loss;
  return (predicted >= 0.5) == (actual >= 0.5);
}

/* F1 is twice what is rightly said to be 1, divided by what is said to be 1 and what is. */
static double twice_found(ebb_loss loss, double actual, double predicted) {
  (void)loss;
  return predicted >= 0.5 && actual >= 0.5 ? 2 : 0;
}

static double said_and_true(ebb_loss loss, double actual, double predicted) {
  (void)loss;
  return (double)(predicted >= 0.5) + (double)(actual >= 0.5);
}

static double part(double share, double of) {
  return share > 0 ? -share * log(of) : 0;
}

/* As scikit-learn's log_loss, with p clipped to [e, 1 - e], e = 2^-52. */
static double log_loss(ebb_loss loss, double actual, double predicted) {
  (void)loss;
  double p = fmin(fmax(predicted, 0x1p-52), 1 - 0x1p-52);
  return part(actual, p) + part(1 - actual, 1 - p);
}

static void column_name(char text[EBBI_LOSS_COLUMN], ebb_loss loss, size_t column) {
  (void)loss;
  if (column == 1) snprintf(text, EBBI_LOSS_COLUMN, "p");
}

/* 0 or 1, and the probability of 1. */
static void fill_columns(double *columns, const double *predicted) {
  columns[0] = *predicted >= 0.5, columns[1] = *predicted;
}

const ebbi_loss_row ebbi_loss_bce = {
    .own_scale = true,
    .binary = true,
    .likelihood = true,
    .counts = true,
    .link = EBB_LINK_LOGISTIC,
    .domain = {0, 1, false, "from 0 to 1", 0, 0},
    .columns = {.count = 2, .name = column_name, .fill = fill_columns},
    .flops = 10,
    .bytes = 12,
    .scores = {
        {.name = "accuracy", .text = "accuracy of 0 or 1", .of = is_right},
        {.name = "f1", .text = "F1 over all targets", .of = twice_found, .by = said_and_true},
        {.name = "log_loss", .text = "log loss", .of = log_loss}}};
