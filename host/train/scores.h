/* The parts of ebb_scores. */
#ifndef EBBI_SCORES_H
#define EBBI_SCORES_H

#include <ebb/scores.h>

/* What is scored: a network's outputs and the correct classes. */
typedef struct ebbi_outputs {
  const float *logits;   /* [rows, classes] */
  const int32_t *labels; /* [rows] */
  size_t rows, classes;
  const float *weights; /* [rows], or NULL */
  double weight;        /* their sum; without weights the number of rows */
} ebbi_outputs;

/* The weight of a row. */
static inline double ebbi_row_weight(const float *weights, size_t row) {
  return weights ? (double)weights[row] : 1;
}

/* Checks weights (NULL: all are 1) and adds them up.
 * Errors: EBB_ERR_INPUT. */
ebb_status ebbi_weights_sum(double *sum, const float *weights, size_t rows);

/* Computes the probabilities of the classes, exp(z - max) / sum. Returns the cross-entropy -ln
 * p(label), which stays exact if p underflows to 0. */
double ebbi_softmax(double *p, const float *z, size_t classes, size_t label);

/* Accuracy, top-5 accuracy, precision, recall, F1, confusion matrix (scores_counts.c). */
ebb_status ebbi_scores_count(ebb_scores *out, const ebbi_outputs *x);

/* Cross-entropy, log loss, Brier score, calibration error (scores_calibration.c). `p` has room for
 * one number per class. */
void ebbi_scores_calibrate(ebb_scores *out, const ebbi_outputs *x, double *p);

/* ROC AUC and average precision (scores_ranking.c). */
ebb_status ebbi_scores_rank(ebb_scores *out, const ebbi_outputs *x, double *p);

/* The rows of a class, among which all other rows are placed by probability. */
typedef struct ebbi_own_row {
  double p, weight; /* of the class; it counts wherever rows do */
} ebbi_own_row;

typedef struct ebbi_ranked {
  ebbi_own_row *own; /* ascending once they are sorted */
  size_t count;
  double *equal; /* [count]: other rows with this probability, at the first of equal rows */
  double *above; /* [count + 1]: other rows between own rows i - 1 and i */
} ebbi_ranked;

/* In this order: sort the own rows, place each other row, take ROC AUC and average precision. */
void ebbi_ranked_sort(const ebbi_ranked *ranked);
void ebbi_ranked_place(const ebbi_ranked *ranked, double p, double weight);
void ebbi_ranked_figures(double *auc, double *precision, const ebbi_ranked *ranked);

/* Sets or clears EBB_SCORES_NO_BETTER (scores.c). */
void ebbi_scores_judge(ebb_scores *scores);

#endif
