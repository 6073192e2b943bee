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

/* ---- one class ---- */

static int ascending(const void *left, const void *right) {
  double a = ((const ebbi_own_row *)left)->p, b = ((const ebbi_own_row *)right)->p;
  return (a > b) - (a < b);
}

void ebbi_ranked_sort(const ebbi_ranked *r) {
  qsort(r->own, r->count, sizeof *r->own, ascending);
}

/* Returns how many of the sorted values are below x. */
static size_t count_below(const ebbi_own_row *sorted, size_t count, double x) {
  size_t at = 0;
  while (count > 0) {
    size_t half = count / 2;
    bool below = sorted[at + half].p < x;
    at = below ? at + half + 1 : at;
    count = below ? count - half - 1 : half;
  }
  return at;
}

void ebbi_ranked_place(const ebbi_ranked *r, double p, double weight) {
  size_t below = count_below(r->own, r->count, p);
  bool tied = below < r->count && r->own[below].p == p;
  (tied ? r->equal : r->above)[below] += weight;
}

/* Starts with the most probable rows: at each threshold, `hits` own rows and `others` other rows
 * are at or above it. */
void ebbi_ranked_figures(double *auc, double *precision, const ebbi_ranked *r) {
  const ebbi_own_row *own = r->own;
  double others = r->above[r->count], all = 0, rest = 0, hits = 0, area = 0, sum = 0;
  for (size_t i = 0; i < r->count; i++) all += own[i].weight;
  for (size_t i = 0; i <= r->count; i++) rest += r->above[i] + (i < r->count ? r->equal[i] : 0);
  for (size_t end = r->count, start; end > 0; end = start) {
    double steps = own[end - 1].weight;
    for (start = end - 1; start > 0 && own[start - 1].p == own[end - 1].p;)
      steps += own[--start].weight;
    hits += steps;
    others += r->equal[start];
    area += steps * (rest - others + r->equal[start] / 2);
    if (steps > 0) sum += steps * hits / (hits + others);
    others += r->above[start];
  }
  *auc = area / (all * rest); /* NaN (0 / 0) if there are no other rows */
  *precision = all > 0 ? sum / all : 0;
}

/* ---- all classes ---- */

/* Class k's own rows are [begin[k], begin[k + 1]) of the arrays; `above` has one more element for
 * each class. */
typedef struct ranking {
  const ebbi_outputs *x;
  size_t first;          /* first class that is ranked: with two classes only class 1 */
  size_t *begin;         /* [classes + 1] */
  ebbi_own_row *own;     /* [rows] */
  double *equal, *above; /* [rows]; [rows + classes] */
} ranking;

static ebbi_ranked class_of(const ranking *r, size_t k) {
  size_t begin = r->begin[k];
  return (ebbi_ranked){r->own + begin, r->begin[k + 1] - begin, r->equal + begin,
                       r->above + begin + k};
}

static void sort_own(ranking *r, double *p) {
  const ebbi_outputs *x = r->x;
  for (size_t i = 0; i < x->rows; i++) r->begin[x->labels[i] + 1]++;
  for (size_t k = 0; k < x->classes; k++) r->begin[k + 1] += r->begin[k];
  for (size_t i = 0; i < x->rows; i++) { /* moves begin[k] to the end of class k */
    size_t label = (size_t)x->labels[i];
    ebbi_softmax(p, x->logits + i * x->classes, x->classes, label);
    r->own[r->begin[label]++] = (ebbi_own_row){p[label], ebbi_row_weight(x->weights, i)};
  }
  for (size_t k = x->classes; k > 0; k--) r->begin[k] = r->begin[k - 1]; /* moves it back */
  r->begin[0] = 0;
  for (size_t k = r->first; k < x->classes; k++) {
    ebbi_ranked class = class_of(r, k);
    ebbi_ranked_sort(&class);
  }
}

static void place_others(ranking *r, double *p) {
  const ebbi_outputs *x = r->x;
  for (size_t i = 0; i < x->rows; i++) {
    size_t label = (size_t)x->labels[i];
    ebbi_softmax(p, x->logits + i * x->classes, x->classes, label);
    for (size_t k = r->first; k < x->classes; k++) {
      ebbi_ranked class = class_of(r, k);
      if (k != label) ebbi_ranked_place(&class, p[k], ebbi_row_weight(x->weights, i));
    }
  }
}

static void rank(ebb_scores *out, ranking *r, double *p) {
  size_t classes = r->x->classes;
  double auc = 0, precision = 0, ranked = (double)(classes - r->first);
  sort_own(r, p);
  place_others(r, p);
  for (size_t k = r->first; k < classes; k++) {
    ebbi_ranked class = class_of(r, k);
    double own_auc, own_precision;
    ebbi_ranked_figures(&own_auc, &own_precision, &class);
    auc += own_auc;
    precision += own_precision;
  }
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
