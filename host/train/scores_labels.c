/* Scores of targets of 0 and 1 that do not exclude each other: each is a class against all other
 * rows, ranked as scores_ranking.c ranks classes.
 */
#include "scores.h"

#include "base/error.h"
#include "base/size.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* One target of several: value i of an array is at [i * stride]. */
typedef struct column {
  const double *p, *actual;
  size_t rows, stride;
  const float *weights;
  double weight; /* their sum */
} column;

static bool is_one(const column *c, size_t row) {
  return c->actual[row * c->stride] >= 0.5;
}

/* As scikit-learn's log_loss. */
static double loss_of(const column *c, size_t row) {
  double y = c->actual[row * c->stride];
  double p = fmin(fmax(c->p[row * c->stride], DBL_EPSILON), 1 - DBL_EPSILON);
  return -(y > 0 ? y * log(p) : 0) - (y < 1 ? (1 - y) * log(1 - p) : 0);
}

/* Everything except the ranking. */
static void count(ebb_label_scores *out, const column *c) {
  double right = 0, losses = 0, said = 0, found = 0;
  ebb_class_scores *one = &out->one;
  for (size_t i = 0; i < c->rows; i++) {
    double weight = ebbi_row_weight(c->weights, i);
    bool is = is_one(c, i), says = c->p[i * c->stride] >= 0.5;
    losses += weight * loss_of(c, i);
    right += is == says ? weight : 0;
    said += says ? weight : 0;
    found += is && says ? weight : 0;
    one->weight += is ? weight : 0;
    one->support += is;
    one->predicted += says;
  }
  out->accuracy = right / c->weight;
  out->log_loss = losses / c->weight;
  one->precision = said > 0 ? found / said : 0;
  one->recall = one->weight > 0 ? found / one->weight : 0;
  one->f1 = said + one->weight > 0 ? 2 * found / (said + one->weight) : 0;
}

/* `r` has room for all rows. */
static void rank(ebb_label_scores *out, const column *c, ebbi_ranked *r) {
  r->count = 0;
  for (size_t i = 0; i < c->rows; i++) {
    r->equal[i] = r->above[i] = 0;
    if (is_one(c, i))
      r->own[r->count++] = (ebbi_own_row){c->p[i * c->stride], ebbi_row_weight(c->weights, i)};
  }
  r->above[c->rows] = 0;
  ebbi_ranked_sort(r);
  for (size_t i = 0; i < c->rows; i++)
    if (!is_one(c, i)) ebbi_ranked_place(r, c->p[i * c->stride], ebbi_row_weight(c->weights, i));
  ebbi_ranked_figures(&out->roc_auc, &out->average_precision, r);
}

static void average(ebb_label_scores *mean, const ebb_label_scores *each, size_t targets) {
  double share = 1 / (double)targets;
  *mean = (ebb_label_scores){0};
  for (const ebb_label_scores *t = each; t < each + targets; t++) {
    mean->accuracy += share * t->accuracy;
    mean->log_loss += share * t->log_loss;
    mean->roc_auc += share * t->roc_auc;
    mean->average_precision += share * t->average_precision;
    mean->one.precision += share * t->one.precision;
    mean->one.recall += share * t->one.recall;
    mean->one.f1 += share * t->one.f1;
    mean->one.support += t->one.support;
    mean->one.predicted += t->one.predicted;
    mean->one.weight += t->one.weight;
  }
}

static ebb_status check(const double *p, const double *actual, size_t rows, size_t targets) {
  size_t values;
  REQUIRE(p && actual && rows > 0 && targets > 0, EBB_ERR_ARGUMENT,
          "ebb_scores_labels: an argument is NULL, or there are no rows or no targets");
  REQUIRE(ebbi_size_mul(&values, rows, targets), EBB_ERR_ARGUMENT,
          "ebb_scores_labels: %zu rows of %zu targets are too many", rows, targets);
  for (size_t i = 0; i < values; i++) {
    REQUIRE(actual[i] >= 0 && actual[i] <= 1, EBB_ERR_INPUT,
            "row %zu: target %zu is %g; labels are from 0 to 1", i / targets, i % targets,
            actual[i]);
    REQUIRE(p[i] >= 0 && p[i] <= 1, EBB_ERR_NUMBERS,
            "row %zu: the probability of target %zu is %g: it is no prediction of bce, or weights "
            "or inputs are too large",
            i / targets, i % targets, p[i]);
  }
  return EBB_OK;
}

ebb_status ebb_scores_labels(ebb_label_scores *out, ebb_label_scores *mean,
                             const double *probabilities, const double *actual,
                             const float *weights, size_t rows, size_t targets) {
  REQUIRE(out && mean, EBB_ERR_ARGUMENT, "ebb_scores_labels: an argument is NULL");
  double weight;
  TRY(check(probabilities, actual, rows, targets));
  TRY(ebbi_weights_sum(&weight, weights, rows));
  ebbi_ranked r = {.own = calloc(rows, sizeof *r.own),
                   .equal = calloc(rows, sizeof *r.equal),
                   .above = calloc(rows + 1, sizeof *r.above)};
  bool good = r.own && r.equal && r.above;
  for (size_t k = 0; good && k < targets; k++) {
    const column c = {probabilities + k, actual + k, rows, targets, weights, weight};
    out[k] = (ebb_label_scores){0};
    count(&out[k], &c);
    rank(&out[k], &c, &r);
  }
  free(r.own);
  free(r.equal);
  free(r.above);
  REQUIRE(good, EBB_ERR_MEMORY, "no memory to rank %zu rows", rows);
  average(mean, out, targets);
  return EBB_OK;
}
