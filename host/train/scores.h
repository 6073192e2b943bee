/* The parts of ebb_scores, by concern. */
#ifndef EBBI_SCORES_H
#define EBBI_SCORES_H

#include <ebb/scores.h>

/* What is scored: outputs of a network and the right classes. */
typedef struct ebbi_outputs {
  const float *logits;   /* [rows, classes] */
  const int32_t *labels; /* [rows] */
  size_t rows, classes;
} ebbi_outputs;

/* Probabilities of the classes: exp(z - max) / sum. Returns the cross-entropy -ln p(label), which
 * stays exact where p is 0 in double precision. */
double ebbi_softmax(double *p, const float *z, size_t classes, size_t label);

/* Accuracy, top-5 accuracy, precision, recall, F1, confusion matrix (scores_counts.c). */
ebb_status ebbi_scores_count(ebb_scores *out, const ebbi_outputs *x);

/* Cross-entropy, log loss, Brier score, calibration error (scores_calibration.c). `p` has room for
 * the classes. */
void ebbi_scores_calibrate(ebb_scores *out, const ebbi_outputs *x, double *p);

/* ROC AUC and average precision (scores_ranking.c). */
ebb_status ebbi_scores_rank(ebb_scores *out, const ebbi_outputs *x, double *p);

/* Sets or clears EBB_SCORES_NO_BETTER (scores.c). */
void ebbi_scores_judge(ebb_scores *scores);

#endif
