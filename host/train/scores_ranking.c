/* Scores of the ranking by probability: ROC AUC and average precision, one class against all
 * others.
 *
 * For each class k its own n_k rows are sorted; every other row is then placed among them by binary
 * search. A class takes n log n_k steps, and all classes together need memory for the rows once.
 * Sorting all rows for each class was rejected: 1,000 classes would need a thousand sorts of all
 * rows. Equal probabilities are one threshold.
 */
#include "scores.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>

/* A row: the probability of its own class, and its weight, which counts wherever rows do. */
typedef struct own_row {
  double p, weight;
} own_row;

/* Class k's own rows are [begin[k], begin[k + 1]) of the arrays; `above` has one more element for
 * each class. */
typedef struct ranking {
  const ebbi_outputs *x;
  size_t first;  /* first class that is ranked: with two classes only class 1 */
  size_t *begin; /* [classes + 1] */
  own_row *own;  /* [rows]: ascending within each class */
  double *equal; /* [rows]: other rows with this probability, at the first of equal rows */
  double *above; /* [rows + classes]: other rows between own rows i - 1 and i */
} ranking;

static int ascending(const void *left, const void *right) {
  double a = ((const own_row *)left)->p, b = ((const own_row *)right)->p;
  return (a > b) - (a < b);
}

/* Returns how many of the sorted values are below x. */
static size_t count_below(const own_row *sorted, size_t count, double x) {
  size_t at = 0;
  while (count > 0) {
    size_t half = count / 2;
    bool below = sorted[at + half].p < x;
    at = below ? at + half + 1 : at;
    count = below ? count - half - 1 : half;
  }
  return at;
}

static void sort_own(ranking *r, double *p) {
  const ebbi_outputs *x = r->x;
  for (size_t i = 0; i < x->rows; i++) r->begin[x->labels[i] + 1]++;
  for (size_t k = 0; k < x->classes; k++) r->begin[k + 1] += r->begin[k];
  for (size_t i = 0; i < x->rows; i++) { /* moves begin[k] to the end of class k */
    size_t label = (size_t)x->labels[i];
    ebbi_softmax(p, x->logits + i * x->classes, x->classes, label);
    r->own[r->begin[label]++] = (own_row){p[label], ebbi_row_weight(x->weights, i)};
  }
  for (size_t k = x->classes; k > 0; k--) r->begin[k] = r->begin[k - 1]; /* moves it back */
  r->begin[0] = 0;
  for (size_t k = r->first; k < x->classes; k++)
    qsort(r->own + r->begin[k], r->begin[k + 1] - r->begin[k], sizeof *r->own, ascending);
}

static void place_others(ranking *r, double *p) {
  const ebbi_outputs *x = r->x;
  for (size_t i = 0; i < x->rows; i++) {
    size_t label = (size_t)x->labels[i];
    ebbi_softmax(p, x->logits + i * x->classes, x->classes, label);
    for (size_t k = r->first; k < x->classes; k++) {
      if (k == label) continue;
      size_t start = r->begin[k], count = r->begin[k + 1] - start;
      size_t below = count_below(r->own + start, count, p[k]);
      bool tied = below < count && r->own[start + below].p == p[k];
      (tied ? r->equal + start : r->above + start + k)[below] += ebbi_row_weight(x->weights, i);
    }
  }
}

/* Adds class k's two figures, starting with its most probable rows: at each threshold, `hits` own
 * rows and `others` other rows are at or above it. */
static void add_class(double *auc, double *precision, const ranking *r, size_t k) {
  const own_row *own = r->own + r->begin[k];
  const double *equal = r->equal + r->begin[k], *above = r->above + r->begin[k] + k;
  size_t count = r->begin[k + 1] - r->begin[k];
  double others = above[count], all = 0, rest = 0, hits = 0, area = 0, sum = 0;
  for (size_t i = 0; i < count; i++) all += own[i].weight;
  for (size_t i = 0; i <= count; i++) rest += above[i] + (i < count ? equal[i] : 0);
  for (size_t end = count, start; end > 0; end = start) {
    double steps = own[end - 1].weight;
    for (start = end - 1; start > 0 && own[start - 1].p == own[end - 1].p;)
      steps += own[--start].weight;
    hits += steps;
    others += equal[start];
    area += steps * (rest - others + equal[start] / 2);
    if (steps > 0) sum += steps * hits / (hits + others);
    others += above[start];
  }
  *auc += area / (all * rest); /* NaN (0 / 0) if there are no other rows */
  *precision += all > 0 ? sum / all : 0;
}

static void rank(ebb_scores *out, ranking *r, double *p) {
  size_t classes = r->x->classes;
  double auc = 0, precision = 0, ranked = (double)(classes - r->first);
  sort_own(r, p);
  place_others(r, p);
  for (size_t k = r->first; k < classes; k++) add_class(&auc, &precision, r, k);
  out->roc_auc = auc / ranked;
  out->average_precision = precision / ranked;
}

ebb_status ebbi_scores_rank(ebb_scores *out, const ebbi_outputs *x, double *p) {
  ranking r = {.x = x, .first = x->classes == 2};
  r.begin = calloc(x->classes + 1, sizeof *r.begin);
  r.own = calloc(x->rows, sizeof *r.own);
  r.equal = calloc(x->rows, sizeof *r.equal);
  r.above = calloc(x->rows + x->classes, sizeof *r.above);
  bool good = r.begin && r.own && r.equal && r.above;
  if (good) rank(out, &r, p);
  free(r.begin);
  free(r.own);
  free(r.equal);
  free(r.above);
  REQUIRE(good, EBB_ERR_MEMORY, "no memory to rank %zu rows", x->rows);
  return EBB_OK;
}
