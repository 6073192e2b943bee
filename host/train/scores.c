/* Scores of classes: the check, the parts one after the other, the baseline.
 *
 * Each part loops over the outputs and computes the softmax anew. That takes a tenth of the time of
 * the ranking, and keeps the parts independent. Probabilities of all rows are never stored: with
 * many classes they would need twice the memory of the logits.
 */
#include "scores.h"

#include "base/error.h"
#include "base/size.h"

#include <ebb/scores.h>
#include <math.h>
#include <stdlib.h>

double ebbi_softmax(double *p, const float *z, size_t classes, size_t label) {
  double largest = (double)z[0], sum = 0;
  for (size_t k = 1; k < classes; k++)
    if ((double)z[k] > largest) largest = (double)z[k];
  for (size_t k = 0; k < classes; k++) sum += p[k] = exp((double)z[k] - largest);
  for (size_t k = 0; k < classes; k++) p[k] /= sum;
  return log(sum) + largest - (double)z[label];
}

void ebb_probabilities(double *probabilities, const float *logits, size_t rows, size_t classes) {
  for (size_t i = 0; i < rows; i++)
    ebbi_softmax(probabilities + i * classes, logits + i * classes, classes, 0);
}

static ebb_status check_labels(const char *where, const int32_t *labels, size_t rows,
                               size_t classes) {
  for (size_t i = 0; i < rows; i++)
    REQUIRE(labels[i] >= 0 && (size_t)labels[i] < classes, EBB_ERR_INPUT,
            "%s: row %zu: class %d is not in [0, %zu)", where, i, labels[i], classes);
  return EBB_OK;
}

ebb_status ebbi_weights_sum(double *sum, const float *weights, size_t rows) {
  *sum = 0;
  for (size_t i = 0; i < rows; i++) {
    double weight = ebbi_row_weight(weights, i);
    REQUIRE(isfinite(weight) && weight >= 0, EBB_ERR_INPUT,
            "row %zu: weight %g; weights are finite and at least 0", i, weight);
    *sum += weight;
  }
  REQUIRE(*sum > 0, EBB_ERR_INPUT, "all %zu weights are 0, so that no row counts", rows);
  return EBB_OK;
}

static ebb_status check(const ebbi_outputs *x) {
  size_t count;
  REQUIRE(x->logits && x->labels && x->rows > 0 && x->classes > 0, EBB_ERR_ARGUMENT,
          "ebb_scores_classes: an argument is NULL, or there are no rows or no classes");
  REQUIRE(ebbi_size_mul(&count, x->rows, x->classes) && x->classes <= INT32_MAX, EBB_ERR_ARGUMENT,
          "ebb_scores_classes: %zu rows of %zu classes are too many", x->rows, x->classes);
  TRY(check_labels("ebb_scores_classes", x->labels, x->rows, x->classes));
  for (size_t i = 0; i < count; i++)
    REQUIRE(isfinite(x->logits[i]), EBB_ERR_NUMBERS,
            "row %zu: output %zu of the network is %g: weights or inputs are too large",
            i / x->classes, i % x->classes, (double)x->logits[i]);
  return EBB_OK;
}

void ebbi_scores_judge(ebb_scores *scores) {
  bool no_better = false;
  if (scores->task == EBB_TASK_CLASSIFICATION)
    no_better = scores->accuracy <= scores->baseline_accuracy && scores->accuracy < 1;
  for (size_t k = 0; scores->targets && k < scores->outputs; k++) {
    const ebb_value_scores *t = &scores->targets[k];
    no_better |= t->rmse >= t->baseline_rmse && t->rmse > 0;
  }
  scores->warnings &= ~(unsigned)EBB_SCORES_NO_BETTER;
  if (no_better) scores->warnings |= EBB_SCORES_NO_BETTER;
}

static void set_baseline(ebb_scores *scores, size_t class) {
  scores->baseline_class = (int32_t)class;
  scores->baseline_accuracy = scores->classes[class].weight / scores->macro.weight;
  ebbi_scores_judge(scores);
}

static ebb_status score(ebb_scores *out, const ebbi_outputs *x) {
  double *p = calloc(x->classes, sizeof *p);
  out->classes = calloc(x->classes, sizeof *out->classes);
  ebb_status status = p && out->classes
                          ? ebbi_scores_count(out, x)
                          : ebbi_fail(EBB_ERR_MEMORY, "no memory for %zu classes", x->classes);
  if (status == EBB_OK) ebbi_scores_calibrate(out, x, p);
  if (status == EBB_OK) status = ebbi_scores_rank(out, x, p);
  free(p);
  return status;
}

ebb_status ebb_scores_classes(ebb_scores *out, const float *logits, const int32_t *labels,
                              size_t rows, size_t classes) {
  return ebb_scores_weighted_classes(out, logits, labels, NULL, rows, classes);
}

ebb_status ebb_scores_weighted_classes(ebb_scores *out, const float *logits, const int32_t *labels,
                                       const float *weights, size_t rows, size_t classes) {
  REQUIRE(out, EBB_ERR_ARGUMENT, "ebb_scores_classes: an argument is NULL");
  const ebb_value_scores none = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
  ebbi_outputs x = {logits, labels, rows, classes, weights, 0};
  *out = (ebb_scores){0};
  TRY(check(&x));
  TRY(ebbi_weights_sum(&x.weight, weights, rows));
  *out =
      (ebb_scores){.task = EBB_TASK_CLASSIFICATION, .rows = rows, .outputs = classes, .mean = none};
  ebb_status status = score(out, &x);
  if (status != EBB_OK) {
    ebb_scores_clear(out);
    return status;
  }
  size_t common = 0;
  for (size_t k = 1; k < classes; k++)
    if (out->classes[k].weight > out->classes[common].weight) common = k;
  set_baseline(out, common);
  return EBB_OK;
}

ebb_status ebb_scores_baseline_classes(ebb_scores *scores, const int32_t *labels, size_t rows) {
  return ebb_scores_weighted_baseline_classes(scores, labels, NULL, rows);
}

ebb_status ebb_scores_weighted_baseline_classes(ebb_scores *scores, const int32_t *labels,
                                                const float *weights, size_t rows) {
  REQUIRE(scores && scores->classes && labels && rows > 0, EBB_ERR_ARGUMENT,
          "ebb_scores_baseline_classes: an argument is NULL, there are no rows, or these are no "
          "scores of classes");
  TRY(check_labels("ebb_scores_baseline_classes", labels, rows, scores->outputs));
  double sum;
  TRY(ebbi_weights_sum(&sum, weights, rows));
  double *counts = calloc(scores->outputs, sizeof *counts);
  size_t common = 0;
  REQUIRE(counts, EBB_ERR_MEMORY, "no memory for %zu classes", scores->outputs);
  for (size_t i = 0; i < rows; i++) counts[labels[i]] += ebbi_row_weight(weights, i);
  for (size_t k = 1; k < scores->outputs; k++)
    if (counts[k] > counts[common]) common = k;
  free(counts);
  set_baseline(scores, common);
  return EBB_OK;
}

void ebb_scores_clear(ebb_scores *scores) {
  if (!scores) return;
  free(scores->classes);
  free(scores->confusion);
  free(scores->targets);
  *scores = (ebb_scores){0};
}
