/* Scores of the probabilities: how much the correct class received, and whether a probability of
 * 0.8 is correct in 8 of 10 rows. */
#include "scores.h"

#include <float.h>
#include <math.h>

enum { BINS = 15 };

typedef struct bin {
  size_t rows, right;
  double confidence; /* sum of the largest probabilities */
} bin;

/* Bin b covers (b / BINS, (b + 1) / BINS]. */
static void add_to_bin(bin bins[BINS], const double *p, size_t classes, size_t label) {
  size_t said = 0;
  for (size_t k = 1; k < classes; k++)
    if (p[k] > p[said]) said = k;
  int place = (int)ceil(p[said] * BINS) - 1;
  bin *b = &bins[place < BINS ? place : BINS - 1];
  b->rows++;
  b->right += said == label;
  b->confidence += p[said];
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
  double rows = (double)x->rows;
  for (size_t i = 0; i < x->rows; i++) {
    size_t label = (size_t)x->labels[i];
    out->cross_entropy += ebbi_softmax(p, x->logits + i * x->classes, x->classes, label) / rows;
    out->log_loss -= log(fmin(fmax(p[label], DBL_EPSILON), 1 - DBL_EPSILON)) / rows;
    out->brier += squared_difference(p, x->classes, label) / rows;
    add_to_bin(bins, p, x->classes, label);
  }
  for (size_t b = 0; b < BINS; b++)
    out->calibration_error += fabs((double)bins[b].right - bins[b].confidence) / rows;
}
