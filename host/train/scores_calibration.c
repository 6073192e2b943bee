/* Scores of the probabilities: how much the correct class received, and whether a probability of
 * 0.8 is correct in 8 of 10 rows. */
#include "scores.h"

#include <float.h>
#include <math.h>

enum { BINS = 15 };

typedef struct bin {
  double right, confidence; /* sums of weights, and of the largest probabilities by weight */
} bin;

/* Bin b covers (b / BINS, (b + 1) / BINS]. */
static void add_to_bin(bin bins[BINS], const double *p, size_t classes, size_t label,
                       double weight) {
  size_t said = 0;
  for (size_t k = 1; k < classes; k++)
    if (p[k] > p[said]) said = k;
  int place = (int)ceil(p[said] * BINS) - 1;
  bin *b = &bins[place < BINS ? place : BINS - 1];
  if (said == label) b->right += weight;
  b->confidence += weight * p[said];
}

static double squared_difference(const double *p, size_t classes, size_t label) {
  if (classes == 2) return p[1 - label] * p[1 - label];
  double sum = 0;
  for (size_t k = 0; k < classes; k++) {
    double difference = p[k] - (k == label);
    sum += difference * difference;
  }
  return sum;
}

void ebbi_scores_calibrate(ebb_scores *out, const ebbi_outputs *x, double *p) {
  bin bins[BINS] = {0};
  for (size_t i = 0; i < x->rows; i++) {
    size_t label = (size_t)x->labels[i];
    double weight = ebbi_row_weight(x->weights, i), all = x->weight;
    const float *z = x->logits + i * x->classes;
    out->cross_entropy += weight * ebbi_softmax(p, z, x->classes, label) / all;
    out->log_loss -= weight * log(fmin(fmax(p[label], DBL_EPSILON), 1 - DBL_EPSILON)) / all;
    out->brier += weight * squared_difference(p, x->classes, label) / all;
    add_to_bin(bins, p, x->classes, label, weight);
  }
  for (size_t b = 0; b < BINS; b++)
    out->calibration_error += fabs(bins[b].right - bins[b].confidence) / x->weight;
}
